import {
  type Channel,
  commandDispatchRepository,
  type Database,
  type Dispatch,
  dispatchRepository,
  listen,
  repeat,
  workerRepository,
} from '@pierhead/database';
import type { Logger } from '@pierhead/logger';
import type { WorkQueue } from '@pierhead/queue';

export interface Dispatcher {
  stop(): Promise<void>;
}

interface Queues {
  deployments: WorkQueue;
  commands: WorkQueue;
}

/** What waits in rows for a worker. */
interface Outbox {
  take(): Promise<Dispatch[]>;
  undo(id: string): Promise<void>;
}

const sweepMs = 2_000;
const forgetMs = 30_000;

/**
 * Tells the queues what PostgreSQL knows: at each change of a deployment, a command or a worker and, in case news got
 * lost, every two seconds. Any number of dispatchers may run; each deployment and each command is taken by one.
 */
export async function startDispatcher(database: Database, queues: Queues, logger: Logger): Promise<Dispatcher> {
  const deployments = dispatchRepository(database);
  const commands = commandDispatchRepository(database);
  const workers = workerRepository(database);
  const warn = (message: string) => (error: unknown) => logger.warn({ err: error }, message);

  const reclaim = async () => {
    const lapsed = await deployments.releaseLapsed();
    if (lapsed.length > 0) logger.warn({ deployments: lapsed }, 'workers stopped during these deployments');
    const failed = await commands.failLapsed();
    if (failed.length > 0) logger.warn({ commands: failed }, 'workers stopped during these commands');
  };
  const forget = async () => {
    for (const id of await workers.silent()) {
      await queues.deployments.forget(id);
      await queues.commands.forget(id);
      await workers.forget(id);
    }
  };

  const dispatching = await Promise.all([
    follow(database, 'deployments', dispatch(deployments, queues.deployments), warn),
    follow(database, 'commands', dispatch(commands, queues.commands), warn),
  ]);
  const reclaiming = repeat(reclaim, sweepMs, warn('lapsed leases could not be checked; trying again'));
  const forgetting = repeat(forget, forgetMs, warn('workers that are gone could not be forgotten; trying again'));
  return {
    async stop() {
      await Promise.all([...dispatching.map((stop) => stop()), reclaiming.stop(), forgetting.stop()]);
    },
  };
}

const dispatch = (outbox: Outbox, queue: WorkQueue) => async () => {
  for (const { id, attempt, workerId } of await outbox.take()) {
    await queue.add(id, attempt, workerId).catch(async (error: unknown) => {
      await outbox.undo(id);
      throw error;
    });
  }
};

/** Does a task at each change of what the channel tells of, or of a worker, and now and then. Answers how to stop. */
async function follow(
  database: Database,
  channel: Channel & ('deployments' | 'commands'),
  task: () => Promise<void>,
  warn: (message: string) => (error: unknown) => void,
): Promise<() => Promise<void>> {
  const repeating = repeat(task, sweepMs, warn(`${channel} could not be queued; trying again`));
  const unlisten = await Promise.all([
    listen(database, channel, repeating.now, repeating.now),
    listen(database, 'workers', repeating.now, repeating.now),
  ]);
  return async () => {
    await Promise.all(unlisten.map((stop) => stop()));
    await repeating.stop();
  };
}
