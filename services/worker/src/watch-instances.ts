import { setTimeout as delay } from 'node:timers/promises';
import type { Runtime } from '@pierhead/model';
import { dispose } from './look-up.js';
import { refreshRelease } from './refresh-releases.js';
import type { WorkerContext } from './worker-context.js';

const pauseMs = 1_000;

/**
 * Notices at once when something on this machine starts again, such as an app that crashed: its route follows, and its
 * output is kept on.
 * @param missed called whenever starts may have been missed
 * @returns how to stop
 */
export function watchInstances(worker: WorkerContext, missed: () => void): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watchAgain = async (id: string) => {
    while (!signal.aborted) {
      await watch(id, worker, signal, missed).catch((error) => worker.logger.debug({ err: error, id }, 'cannot watch'));
      await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
  };
  const ids = worker.source
    .current()
    .runtimes.getAllRuntimes()
    .map((each) => each.id);
  const watching = Promise.all([...new Set(ids)].map(watchAgain));
  return async () => {
    stopping.abort();
    await watching;
  };
}

async function watch(id: string, worker: WorkerContext, signal: AbortSignal, missed: () => void): Promise<void> {
  const usable = worker.capabilities.runtimes.some((each) => each.id === id && each.available);
  const runtime = usable ? await worker.source.current().runtimes.getRuntime(id) : null;
  try {
    if (runtime?.watch) await follow(runtime as Watched, worker, signal, missed);
  } finally {
    await dispose(runtime, worker.logger);
  }
}

type Watched = Runtime & Required<Pick<Runtime, 'watch'>>;

async function follow(runtime: Watched, worker: WorkerContext, signal: AbortSignal, missed: () => void): Promise<void> {
  const { workspaces: workspace, storage, host, logger } = worker;
  const starts = runtime.watch({ log: () => {}, signal, workspace, storage, host })[Symbol.asyncIterator]();
  let next = starts.next();
  missed();
  for (let start = await next; !start.done; start = await next) {
    next = starts.next();
    const { deploymentId } = start.value;
    worker.starts.ring();
    await refreshRelease(deploymentId, worker).catch((error) =>
      logger.warn({ err: error, deploymentId }, 'a release could not be followed to its address'),
    );
  }
}
