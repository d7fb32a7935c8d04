import { hostname } from 'node:os';
import { exclusively, repeat, uploadRepository } from '@pierhead/database';
import { type CollectionOptions, collectBuilds, collectTrees } from './collect-artifacts.js';
import { collectInstances } from './collect-instances.js';
import type { Interruption } from './interruption.js';
import { sweepOwnWorkspaces } from './sweep-workspaces.js';
import type { WorkerContext } from './worker-context.js';

export interface Collecting {
  /** A deployment has ended: collect when a little while has passed. */
  soon(): void;
  stop(): Promise<void>;
}

type Options = CollectionOptions & { active: ReadonlyMap<string, Interruption> };

const everyMs = 30_000;
const soonMs = 3_000;

/** Collects what nobody needs any more: now and then, and some time after deployments. */
export function startCollecting(worker: WorkerContext, options: Options): Collecting {
  const report = (error: unknown) =>
    worker.logger.warn({ err: error }, 'the collection failed; it will be tried again');
  const stopping = new AbortController();
  const collecting = repeat(() => collect(worker, { ...options, signal: stopping.signal }), everyMs, report);
  let timer: NodeJS.Timeout | null = null;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = null;
      collecting.now();
    }, soonMs);
  };
  soon();
  return {
    soon,
    async stop() {
      if (timer) clearTimeout(timer);
      stopping.abort();
      await collecting.stop();
    },
  };
}

/**
 * Removes what nobody needs: of this machine, then of what all machines share. A step that fails is left for the next
 * time and stops no other. What is gone is recorded afterwards, so that a worker that dies in between loses nothing.
 */
export async function collect(worker: WorkerContext, options: Options): Promise<void> {
  const { database, storage, logger } = worker;
  const attempt = async (what: string, step: () => Promise<unknown>) => {
    if (options.signal?.aborted) return;
    await step().catch((error) => logger.warn({ err: error }, `${what} could not be collected; trying again later`));
  };
  await attempt('workspaces', () => sweepOwnWorkspaces(worker, options.active));
  await exclusively(database, `collect on ${hostname()}`, async () => {
    await attempt('instances', () => collectInstances(worker));
    await attempt('builds', () => collectBuilds(worker, options));
  });
  await exclusively(database, 'collect', async () => {
    await attempt('trees', () => collectTrees(worker, options));
    await attempt('uploads', () => uploadRepository(database).removeUnused(storage.removeUpload));
    await attempt('what was left unfinished', () => storage.removeUnfinished());
  });
}
