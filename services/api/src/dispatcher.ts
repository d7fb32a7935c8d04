import { type Database, deploymentRepository, listen, repeat } from '@pierhead/database';
import type { Logger } from '@pierhead/logger';
import type { DeploymentQueue } from '@pierhead/queue';

export interface Dispatcher {
  stop(): Promise<void>;
}

const sweepMs = 2_000;

/**
 * Tells the queue what PostgreSQL knows: at each change of a deployment and, in case news got lost, every
 * two seconds. Any number of dispatchers may run; each deployment is taken by one.
 */
export async function startDispatcher(database: Database, queue: DeploymentQueue, logger: Logger): Promise<Dispatcher> {
  const deployments = deploymentRepository(database);
  const warn = (message: string) => (error: unknown) => logger.warn({ err: error }, message);

  const dispatch = async () => {
    for (const { id, attempt } of await deployments.takeDispatchable()) {
      await queue.add(id, attempt).catch(async (error: unknown) => {
        await deployments.undispatch(id);
        throw error;
      });
    }
  };
  const reclaim = async () => {
    const lapsed = await deployments.releaseLapsed();
    if (lapsed.length > 0) logger.warn({ deployments: lapsed }, 'workers stopped during these deployments');
  };

  const dispatching = repeat(dispatch, sweepMs, warn('deployments could not be queued; trying again'));
  const reclaiming = repeat(reclaim, sweepMs, warn('lapsed leases could not be checked; trying again'));
  const unlisten = await listen(database, 'deployments', dispatching.now, dispatching.now);
  return {
    async stop() {
      await unlisten();
      await Promise.all([dispatching.stop(), reclaiming.stop()]);
    },
  };
}
