import { commandRepository, type Database, exclusively, listen, repeat, type StoredSchedule } from '@pierhead/database';
import type { Logger } from '@pierhead/logger';
import { createScheduleQueue, type QueueSettings, type Recurrence } from '@pierhead/queue';
import { lastTime, nextTime } from './cron.js';

export interface Scheduler {
  stop(): Promise<void>;
}

const everyMs = 10_000;
const limitMs = 30_000;

/**
 * Makes commands of schedules. The queue rings at each time, in one api of all; it is told the schedules of PostgreSQL at
 * each change and now and then. The last time that it did not ring for is made up for.
 */
export async function startScheduler(database: Database, settings: QueueSettings, logger: Logger): Promise<Scheduler> {
  const commands = commandRepository(database);
  const warn = (message: string) => (error: unknown) => logger.warn({ err: error }, message);

  const onTick = async ({ id, cron, timeZone }: Recurrence, at: Date) => {
    const [serviceId = '', name = ''] = id.split('/');
    await commands.tick({ serviceId, name, cron, timeZone, at });
  };
  const makeUp = async () => {
    const now = new Date();
    for (const stored of await commands.schedules()) {
      const due = dueTime(stored, now);
      if (due) await commands.tick(tickOf(stored, due));
    }
  };
  const queue = await createScheduleQueue(settings, { onTick, onError: warn('the queue of schedules') });
  const reconcile = () =>
    exclusively(database, 'schedules', async () => {
      await within(limitMs, queue.reconcile((await commands.schedules()).map(recurrenceOf)));
    });

  const makingUp = repeat(makeUp, everyMs, warn('missed times of schedules could not be made up for; trying again'));
  const reconciling = repeat(reconcile, everyMs, warn('schedules could not be told to the queue; trying again'));
  makingUp.now();
  const unlisten = await listen(database, 'schedules', reconciling.now, reconciling.now);
  return {
    async stop() {
      await unlisten();
      await Promise.all([makingUp.stop(), reconciling.stop()]);
      await queue.close();
    },
  };
}

/** The last time that has passed without a trace since the schedule was last seen to; null when there is none. */
export function dueTime({ schedule, since, last }: StoredSchedule, now: Date): Date | null {
  const from = last && last > since ? last : since;
  const next = nextTime(schedule, from);
  if (!next || next > now) return null;
  const due = lastTime(schedule, now);
  return due && due > from ? due : null;
}

const idOf = ({ serviceId, schedule }: StoredSchedule) => `${serviceId}/${schedule.name}`;

const recurrenceOf = (stored: StoredSchedule): Recurrence => ({
  id: idOf(stored),
  cron: stored.schedule.cron,
  timeZone: stored.schedule.timeZone,
});

const tickOf = ({ serviceId, schedule: { name, cron, timeZone } }: StoredSchedule, at: Date) => ({
  serviceId,
  name,
  cron,
  timeZone,
  at,
});

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The queue did not answer within ${ms / 1_000} s.`)), ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
