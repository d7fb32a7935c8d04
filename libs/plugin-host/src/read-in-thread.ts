import type { ReadPlugin } from './plugin-as-read.js';
import type { PluginLimits } from './plugin-limits.js';
import type { ThreadFailure } from './thread-failure.js';
import type { Threads } from './threads.js';

export interface Reading {
  directory: string;
  limits: PluginLimits;
  threads: Threads;
  /** Told of each as soon as it is read; again, when it is read once more. */
  onRead?: ((plugin: ReadPlugin) => void) | undefined;
}

interface Outcome {
  /** The first of them; with a failure, some of the last may be lost. */
  read: ReadPlugin[];
  /** The position of the one whose turn it was. */
  turn: number;
  /** What was found of the only one, when it was not read to the end. */
  begun: ReadPlugin | null;
  failure: ThreadFailure | null;
}

type Message = { type: 'began'; plugin: ReadPlugin } | { type: 'read'; plugins: ReadPlugin[] } | { type: 'done' };

const startMs = 30_000;

/** Reads plugins in one thread until all are read, it fails, or one takes too long. */
export async function readInThread(
  sources: readonly string[],
  { directory, limits, threads, onRead }: Reading,
): Promise<Outcome> {
  let begun: ReadPlugin | null = null;
  const read: ReadPlugin[] = [];
  const turn = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const limitMs = sources.length === 1 ? limits.readAloneMs : limits.readTogetherMs;
  const { ended, settle } = watch(turn, limitMs);
  const thread = threads.start<Message>('./manifest-thread.js', { sources, directory, turn }, limits.memoryMb, {
    message(message) {
      if (message.type === 'done') return settle(null);
      if (message.type === 'began') begun = message.plugin;
      else take(message.plugins);
    },
    ended: settle,
  });
  const take = (plugins: ReadPlugin[]) => {
    read.push(...plugins);
    for (const plugin of plugins) onRead?.(plugin);
  };
  const failure = await ended;
  await thread.end();
  return { read, turn: Math.max(0, Atomics.load(turn, 0)), begun, failure };
}

/** A thread may take long to start on a busy machine; afterwards it stays with no plugin longer than the limit. */
function watch(turn: Int32Array, limitMs: number) {
  let settle: (failure: ThreadFailure | null) => void = () => {};
  const ended = new Promise<ThreadFailure | null>((resolve) => {
    settle = resolve;
  });
  const look = { turn: -1, until: performance.now() + startMs };
  const timer = setInterval(() => {
    const at = Atomics.load(turn, 0);
    if (at !== look.turn) Object.assign(look, { turn: at, until: performance.now() + limitMs });
    else if (performance.now() >= look.until)
      settle({ code: 'plugin_timeout', message: `took longer than ${limitMs / 1000} seconds` });
  }, limitMs / 20);
  return { ended: ended.finally(() => clearInterval(timer)), settle };
}
