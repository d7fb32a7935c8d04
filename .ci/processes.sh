# shellcheck shell=bash disable=SC2034,SC2154
# What .ci/run is made of: processes that end with it, and small questions. Sourced.

names=() pids=() signals=()   # what runs in the background, in the order of its start
foreground=
policy=

# --- processes -------------------------------------------------------------------------------------------------------

# background <name> <signal that ends it in order> <command …>
background() {
  local name=$1 signal=$2
  shift 2
  "$@" >"$work/logs/$name.log" 2>&1 </dev/null &
  names+=("$name") pids+=("$!") signals+=("$signal")
}

# The command's output is shown as it comes and kept in $work/logs/$1.log.
shown() {
  local log=$work/logs/$1.log status=0
  shift
  : >"$log"
  # In the background, because a trap waits for a command in the foreground.
  "$@" >"$log" 2>&1 </dev/null &
  foreground=$!
  tail --lines +1 --follow --sleep-interval 0.2 --pid "$foreground" "$log" &
  local reader=$!
  wait "$foreground" || status=$?
  foreground=
  wait "$reader" || true
  return "$status"
}

stop_background() {
  local index
  for ((index = ${#pids[@]} - 1; index >= $1; index--)); do
    stop "${pids[index]}" "${signals[index]}"
    unset "pids[index]" "names[index]" "signals[index]"
  done
}

stop() {
  local pid=$1 limit=$((SECONDS + 20))
  kill -s "$2" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && ((SECONDS < limit)); do sleep 0.1; done
  kill -s KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

everything_still_runs() {
  local index status=0
  for index in "${!pids[@]}"; do
    kill -0 "${pids[index]}" 2>/dev/null && continue
    echo "${names[index]} has ended by itself"
    status=1
  done
  return "$status"
}

# wait_for <what> <command …>: until the command succeeds
wait_for() {
  local what=$1 limit=$((SECONDS + start_limit))
  shift
  until "$@" >/dev/null 2>&1; do
    everything_still_runs || return 1
    if ((SECONDS >= limit)); then
      echo "$what does not answer within $start_limit s"
      return 1
    fi
    sleep 0.1
  done
}

# --- small questions -------------------------------------------------------------------------------------------------

has() { command -v "$1" >/dev/null; }
engine_answers() { has docker && docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
answers() { node --eval 'fetch(process.argv[1]).then(({ ok }) => process.exit(Number(!ok)))' "$1"; }
random_text() { node --print 'crypto.randomBytes(32).toString(process.argv[1])' "$1"; }
free_port() {
  node --eval 'const server = require("net").createServer().listen(0, "127.0.0.1", () => {
    console.log(server.address().port);
    server.close();
  });'
}
postgres_programs() { find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1; }

# Packages start their services when they are installed; these are for us to start.
forbid_services() {
  [[ -e /usr/sbin/policy-rc.d ]] && return
  policy=/usr/sbin/policy-rc.d
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

allow_services() {
  [[ -z $policy ]] || rm -f "$policy"
  policy=
}
