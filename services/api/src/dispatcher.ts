import { type Database, dispatchRepository, listen, repeat, workerRepository } from '@pierhead/database';
import type { Logger } from '@pierhead/logger';
import type { DeploymentQueue } from '@pierhead/queue';

export interface Dispatcher {
  stop(): Promise<void>;
}

const sweepMs = 2_000;
const forgetMs = 30_000;

/**
 * Tells the queue what PostgreSQL knows: at each change of a deployment or a worker and, in case news got lost,
 * every two seconds. Any number of dispatchers may run; each deployment is taken by one.
 */
export async function startDispatcher(database: Database, queue: DeploymentQueue, logger: Logger): Promise<Dispatcher> {
  const dispatches = dispatchRepository(database);
  const workers = workerRepository(database);
  const warn = (message: string) => (error: unknown) => logger.warn({ err: error }, message);

  const dispatch = async () => {
    for (const { id, attempt, workerId } of await dispatches.take()) {
      await queue.add(id, attempt, workerId).catch(async (error: unknown) => {
        await dispatches.undo(id);
        throw error;
      });
    }
  };
  const reclaim = async () => {
    const lapsed = await dispatches.releaseLapsed();
    if (lapsed.length > 0) logger.warn({ deployments: lapsed }, 'workers stopped during these deployments');
  };
  const forget = async () => {
    for (const id of await workers.silent()) {
      await queue.forget(id);
      await workers.forget(id);
    }
  };

  const dispatching = repeat(dispatch, sweepMs, warn('deployments could not be queued; trying again'));
  const reclaiming = repeat(reclaim, sweepMs, warn('lapsed leases could not be checked; trying again'));
  const forgetting = repeat(forget, forgetMs, warn('workers that are gone could not be forgotten; trying again'));
  const unlisten = await Promise.all([
    listen(database, 'deployments', dispatching.now, dispatching.now),
    listen(database, 'workers', dispatching.now, dispatching.now),
  ]);
  return {
    async stop() {
      await Promise.all(unlisten.map((stop) => stop()));
      await Promise.all([dispatching.stop(), reclaiming.stop(), forgetting.stop()]);
    },
  };
}
