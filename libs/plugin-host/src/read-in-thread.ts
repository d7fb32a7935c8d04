import type { ReadPlugin } from './plugin-as-read.js';
import type { PluginLimits } from './plugin-limits.js';
import type { ThreadFailure } from './thread-failure.js';
import type { Threads } from './threads.js';

export interface Reading {
  directory: string;
  limits: PluginLimits;
  threads: Threads;
  /** Told of each as soon as it is read. */
  onRead?: ((plugin: ReadPlugin) => void) | undefined;
}

interface Outcome {
  read: ReadPlugin[];
  /** The last one whose turn it was, when it was not read to the end. */
  begun: ReadPlugin | null;
  failure: ThreadFailure | null;
}

type Message = { type: 'began' | 'read'; plugin: ReadPlugin } | { type: 'done' };

const startMs = 30_000;
const lingerMs = 20;

/** Reads plugins in one thread until all are read, it fails, or none is finished for too long. */
export async function readInThread(
  sources: string[],
  { directory, limits, threads, onRead }: Reading,
): Promise<Outcome> {
  let begun: ReadPlugin | null = null;
  const read: ReadPlugin[] = [];
  const isAlone = sources.length === 1;
  const { ended, settle, restart } = deadline(isAlone ? limits.readAloneMs : limits.readTogetherMs);
  const task = { sources, directory, lingerMs: isAlone ? lingerMs : 0 };
  const thread = threads.start<Message>('./manifest-thread.js', task, limits.memoryMb, {
    message(message) {
      if (message.type === 'done') return settle(null);
      if (message.type === 'read') {
        read.push(message.plugin);
        onRead?.(message.plugin);
      }
      begun = message.type === 'read' ? null : message.plugin;
      restart();
    },
    ended: settle,
  });
  const failure = await ended;
  await thread.end();
  return { read, begun, failure };
}

/** A thread may take long to start on a busy machine; afterwards each message must follow the last within the limit. */
function deadline(limitMs: number) {
  let timer: NodeJS.Timeout;
  let settle: (failure: ThreadFailure | null) => void = () => {};
  const ended = new Promise<ThreadFailure | null>((resolve) => {
    settle = resolve;
  });
  const tooLong = () => settle({ code: 'plugin_timeout', message: `took longer than ${limitMs / 1000} seconds` });
  const restart = (ms = limitMs) => {
    clearTimeout(timer);
    timer = setTimeout(tooLong, ms);
  };
  restart(startMs);
  return { ended: ended.finally(() => clearTimeout(timer)), settle, restart };
}
