import { ErrorCode } from 'bullmq';
import { createBackend, type Processor, type QueueSettings } from './backend.js';
import { recoveryMs, retryMs } from './worker.js';

/** A moment that recurs. */
export interface Recurrence {
  id: string;
  cron: string;
  timeZone: string;
}

/** Rings at each moment of each recurrence, in one of all processes that listen. A wake-up only: it may be lost or late. */
export interface ScheduleQueue {
  /** Makes the recurrences that there are those that are wanted. One caller at a time. */
  reconcile(wanted: readonly Recurrence[]): Promise<void>;
  close(): Promise<void>;
}

export interface ScheduleQueueOptions {
  /** @param at the moment, as the cron expression says it */
  onTick(recurrence: Recurrence, at: Date): Promise<void>;
  onError(error: Error): void;
}

/** Somebody else, or the last moment of it, has just made the same next one. */
const unlessMade = (error: Error & { code?: unknown }) => {
  if (error.code !== ErrorCode.SchedulerJobIdCollision) throw error;
};

const queueName = 'schedules';
const slots = 4;
/** One whose next moment has passed for so long has lost its job. */
const stuckMs = 5_000;

/** Resolves once the store answers. */
export async function createScheduleQueue(
  settings: QueueSettings,
  { onTick, onError }: ScheduleQueueOptions,
): Promise<ScheduleQueue> {
  const backend = createBackend(settings);
  const queue = backend.queue(queueName);
  queue.on('error', onError);
  const options = { lockDuration: recoveryMs, stalledInterval: recoveryMs, maxStalledCount: 3, runRetryDelay: retryMs };
  const tick: Processor = async ({ data: { id }, opts: { prevMillis, repeat } }) => {
    const { pattern, tz } = repeat ?? {};
    if (prevMillis === undefined || pattern === undefined || tz === undefined) return;
    await onTick({ id, cron: pattern, timeZone: tz }, new Date(prevMillis));
  };
  const worker = backend.worker(queueName, tick, { concurrency: slots, ...options });
  worker.on('error', onError);
  await worker.waitUntilReady();

  return {
    async reconcile(wanted) {
      const known = new Map((await queue.getJobSchedulers()).map((each) => [each.key, each]));
      for (const { id, cron, timeZone } of wanted) {
        const found = known.get(id);
        known.delete(id);
        const sound = found?.pattern === cron && found.tz === timeZone && (found.next ?? 0) > Date.now() - stuckMs;
        if (sound) continue;
        const made = queue.upsertJobScheduler(id, { pattern: cron, tz: timeZone }, { name: 'tick', data: { id } });
        await made.catch(unlessMade);
      }
      for (const id of known.keys()) await queue.removeJobScheduler(id);
    },
    async close() {
      await worker.close();
      await queue.close();
      await backend.close();
    },
  };
}
