import { setTimeout as delay } from 'node:timers/promises';
import type { Runtime } from '@pierhead/model';
import { dispose } from './look-up.js';
import { refreshRelease } from './refresh-releases.js';
import type { WorkerContext } from './worker-context.js';

const pauseMs = 1_000;

export interface Watching {
  started(deploymentId: string): void;
  /** Starts may have been missed. */
  missed(): void;
}

/**
 * Notices at once when something on this machine starts again, such as an app that crashed: its route follows, and its
 * output is kept on.
 * @returns how to stop
 */
export function watchInstances(worker: WorkerContext, on: Watching): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const watchAgain = async (id: string) => {
    let can = true;
    while (can && !signal.aborted) {
      can = await watch(id, worker, signal, on).catch((error) => {
        worker.logger.debug({ err: error, id }, 'cannot watch');
        return true;
      });
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

/** Watches until its runtime goes away; false for one that cannot be watched at all. */
async function watch(id: string, worker: WorkerContext, signal: AbortSignal, on: Watching): Promise<boolean> {
  const usable = worker.capabilities.runtimes.some((each) => each.id === id && each.available);
  const runtime = usable ? await worker.source.current().runtimes.getRuntime(id) : null;
  try {
    if (runtime?.watch) await follow(runtime as Watched, worker, signal, on);
    return runtime?.watch !== undefined || !usable;
  } finally {
    await dispose(runtime, worker.logger);
  }
}

type Watched = Runtime & Required<Pick<Runtime, 'watch'>>;

async function follow(runtime: Watched, worker: WorkerContext, signal: AbortSignal, on: Watching): Promise<void> {
  const { workspaces: workspace, storage, host, logger } = worker;
  const starts = runtime.watch({ log: () => {}, signal, workspace, storage, host })[Symbol.asyncIterator]();
  const pull = () => {
    const start = starts.next();
    // It may fail while nobody waits for it yet.
    start.catch(() => {});
    return start;
  };
  let next = pull();
  on.missed();
  for (let start = await next; !start.done; start = await next) {
    next = pull();
    const { deploymentId } = start.value;
    on.started(deploymentId);
    await refreshRelease(deploymentId, worker).catch((error) =>
      logger.warn({ err: error, deploymentId }, 'a release could not be followed to its address'),
    );
  }
}
