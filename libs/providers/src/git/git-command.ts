import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { UserError, WorldError } from '@pierhead/model';
import { lastLines } from './last-lines.js';

/** One entry of Git's configuration. */
export type GitSetting = readonly [key: string, value: string];

export interface GitCall {
  signal: AbortSignal;
  timeoutMs: number;
  /** A work tree with its `.git` folder; without one Git runs outside of any repository. */
  folder?: string;
  settings?: readonly GitSetting[];
  /** More output than this ends the command. */
  maxOutputBytes?: number;
  /** Gets the lines of progress, without the percentages on the way. */
  onLine?: (line: string) => void;
}

export interface GitResult {
  exitCode: number;
  stdout: string;
  /** Its last few thousand characters. */
  stderr: string;
}

/** Repositories are hostile: nothing that they contain or that a server answers makes Git run another program. */
const gate: readonly GitSetting[] = [
  ['protocol.allow', 'never'],
  ['protocol.https.allow', 'always'],
  // A redirect would lead past the check of the address; this also turns off dumb http's alternates.
  ['http.followRedirects', 'false'],
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '30'],
  ['transfer.bundleURI', 'false'],
  ['credential.helper', ''],
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['filter.lfs.smudge', ''],
  ['filter.lfs.process', ''],
  ['filter.lfs.required', 'false'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['safe.bareRepository', 'explicit'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // Keeps every fetch one pack, whose size can be watched, and large files out of memory.
  ['fetch.unpackLimit', '1'],
  ['core.bigFileThreshold', '16m'],
  ['core.autocrlf', 'false'],
  // Links stay links, as monorepos need them; the ones that leave the tree are refused after the checkout.
  ['core.symlinks', 'true'],
];

const defaultMaxOutputBytes = 32 * 1024 * 1024;

/**
 * Runs Git, and whatever Git starts, in a process group of its own.
 * On abort the whole group is killed, and only when it has ended the signal's reason is thrown.
 * Throws WorldError `git_unreachable` after `timeoutMs` and `git_unavailable` without Git, UserError `git_output_too_large`.
 */
export function git(args: readonly string[], call: GitCall): Promise<GitResult> {
  call.signal.throwIfAborted();
  const child = spawn('git', args, {
    cwd: call.folder ?? '/',
    env: environment(call),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stopped = stopOn(child, call);
  const stdout = collect(child, call.maxOutputBytes ?? defaultMaxOutputBytes, stopped.stop);
  const stderr = lastLines(child.stderr, call.onLine);
  return new Promise<GitResult>((resolve, reject) => {
    child.once('error', (cause) => reject(unavailable(cause)));
    child.once('close', (code) => {
      if (stopped.reason) reject(stopped.reason.value);
      else resolve({ exitCode: code ?? -1, stdout: stdout(), stderr: stderr() });
    });
  }).finally(stopped.release);
}

/** Nothing is inherited: no GIT_* variable, no home, no system configuration. Secrets travel here, not in arguments. */
function environment(call: GitCall): NodeJS.ProcessEnv {
  const settings = [...gate, ...(call.settings ?? [])];
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(settings.map(([key], index) => [`GIT_CONFIG_KEY_${index}`, key])),
    ...Object.fromEntries(settings.map(([, value], index) => [`GIT_CONFIG_VALUE_${index}`, value])),
    ...(call.folder ? { GIT_DIR: join(call.folder, '.git'), GIT_WORK_TREE: call.folder } : {}),
  };
}

function stopOn(child: ChildProcess, { signal, timeoutMs }: GitCall) {
  const state = { reason: null as { value: unknown } | null, stop, release };
  const onAbort = () => stop(signal.reason);
  const timer = setTimeout(() => stop(tookTooLong(timeoutMs)), timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  return state;

  function stop(value: unknown) {
    state.reason ??= { value };
    killGroup(child);
  }
  function release() {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function killGroup(child: ChildProcess): void {
  if (!child.pid) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
}

function collect(child: ChildProcess, maxBytes: number, stop: (reason: unknown) => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) stop(new UserError('git_output_too_large', 'Git answered more than can be looked at.'));
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

const tookTooLong = (timeoutMs: number) =>
  new WorldError('git_unreachable', `The Git server took longer than ${timeoutMs / 1_000} seconds.`);

const unavailable = (cause: unknown) => new WorldError('git_unavailable', 'Git cannot be started.', { cause });
