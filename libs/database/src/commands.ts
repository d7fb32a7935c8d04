import type { CommandError, CommandInput, Trigger } from '@pierhead/model';
import { defaultCommandSeconds, type Schedule } from '@pierhead/model';
import { and, desc, eq, inArray, lt } from 'drizzle-orm';
import { waitsFor } from './command-dispatch.js';
import type { Database, Queries } from './connect.js';
import { production } from './deployments.js';
import { newId } from './ids.js';
import { liveWorkers } from './live-workers.js';
import { type Page, pageOf } from './page.js';
import { commands, deployments, releases, services } from './tables.js';

export type CommandColumns = typeof commands.$inferSelect;

/** A command, and why no worker takes it, where none can. */
export type CommandRow = CommandColumns & { reason: string | null };

export interface NewCommand {
  serviceId: string;
  environment: string;
  input: Pick<CommandInput, 'command' | 'timeoutSeconds'>;
  trigger: Trigger;
  /** The same key gives the same command. */
  idempotencyKey: string | null;
}

/** One moment of a schedule, as it was when the moment was found. */
export interface Tick extends Pick<Schedule, 'name' | 'cron' | 'timeZone'> {
  serviceId: string;
  at: Date;
}

/** A schedule of a service, and the last moment of it that is on record. */
export interface StoredSchedule {
  serviceId: string;
  schedule: Schedule;
  /** When the service was last changed. */
  since: Date;
  last: Date | null;
}

/** How late a tick may be made up for, in milliseconds: a restart is no reason to leave one out. */
const lateMs = 300_000;

const stillRunning: CommandError = {
  code: 'schedule_still_running',
  message: 'The command of an earlier time was not done yet.',
  hint: 'Give the schedule more time between two runs, or its command a shorter time limit.',
};
const nothingLive: CommandError = {
  code: 'nothing_live',
  message: 'Nothing of the service was live in production.',
  hint: 'Deploy the service: commands run in its live release.',
};
const missed: CommandError = {
  code: 'schedule_missed',
  message: 'Pierhead did not run at that time, or could not reach its database.',
  hint: 'Run the command by hand where it should not be left out.',
};

/** Commands, from when they are asked for. The row is the outbox. */
export function commandRepository({ orm, sql: raw }: Database) {
  const liveIn = async (tx: Queries, serviceId: string, environment: string): Promise<string | null> => {
    const own = and(eq(releases.serviceId, serviceId), eq(releases.environment, environment));
    const [live] = await tx.select({ deploymentId: releases.deploymentId }).from(releases).where(own);
    return live?.deploymentId ?? null;
  };

  /** Nothing else is stored for the service meanwhile. Null when it is gone. */
  const lock = async (tx: Queries, serviceId: string) => {
    const [service] = await tx.select().from(services).where(eq(services.id, serviceId)).for('update');
    return service && !service.deletedAt ? service : null;
  };

  const complete = async (rows: CommandColumns[]): Promise<CommandRow[]> => {
    const kept = rows.filter((row) => row.status === 'queued' && row.dispatchedAt === null && row.deploymentId);
    const ids = kept.map((row) => row.deploymentId!);
    if (ids.length === 0) return rows.map((row) => ({ ...row, reason: null }));
    const [workers, found] = await Promise.all([
      liveWorkers(orm),
      orm
        .select({ id: deployments.id, snapshot: deployments.snapshot })
        .from(deployments)
        .where(inArray(deployments.id, ids)),
    ]);
    const snapshots = new Map(found.map(({ id, snapshot }) => [id, snapshot]));
    return rows.map((row) => {
      const snapshot = kept.includes(row) ? snapshots.get(row.deploymentId!) : undefined;
      return { ...row, reason: snapshot ? waitsFor({ ...row, snapshot }, workers) : null };
    });
  };

  return {
    /** Stores a command that runs in what is live. Null when the service is gone. */
    async create(asked: NewCommand): Promise<CommandRow | 'nothing_live' | null> {
      const { serviceId, environment, input, trigger, idempotencyKey } = asked;
      const row = await orm.transaction(async (tx) => {
        if (!(await lock(tx, serviceId))) return null;
        if (idempotencyKey) {
          const same = and(eq(commands.serviceId, serviceId), eq(commands.idempotencyKey, idempotencyKey));
          const [known] = await tx.select().from(commands).where(same);
          if (known) return known;
        }
        const deploymentId = await liveIn(tx, serviceId, environment);
        if (!deploymentId) return 'nothing_live';
        const { command: argv, timeoutSeconds = defaultCommandSeconds } = input;
        const values = {
          id: newId(),
          serviceId,
          environment,
          deploymentId,
          argv,
          timeoutSeconds,
          trigger,
          idempotencyKey,
        };
        return (await tx.insert(commands).values(values).returning())[0]!;
      });
      return row === null || row === 'nothing_live' ? row : (await complete([row]))[0]!;
    },

    /**
     * Stores the command of a tick, or why it is skipped: once, however often it is told. Nothing where the schedule is
     * gone or another one by now.
     */
    async tick({ serviceId, name, cron, timeZone, at }: Tick, now = new Date()): Promise<CommandColumns | null> {
      return orm.transaction(async (tx) => {
        const service = await lock(tx, serviceId);
        const schedule = service?.schedules.find((each) => each.name === name);
        if (!schedule || schedule.cron !== cron || schedule.timeZone !== timeZone) return null;
        const own = and(eq(commands.serviceId, serviceId), eq(commands.schedule, name));
        const [known] = await tx
          .select({ id: commands.id })
          .from(commands)
          .where(and(own, eq(commands.scheduledFor, at)));
        if (known) return null;
        const deploymentId = await liveIn(tx, serviceId, production);
        const busy = await tx
          .select({ id: commands.id })
          .from(commands)
          .where(and(own, inArray(commands.status, ['queued', 'running'])))
          .limit(1);
        const late = now.getTime() - at.getTime() > lateMs;
        const error = late ? missed : deploymentId === null ? nothingLive : busy.length > 0 ? stillRunning : null;
        const [row] = await tx
          .insert(commands)
          .values({
            id: newId(),
            serviceId,
            environment: production,
            deploymentId,
            argv: schedule.command,
            timeoutSeconds: schedule.timeoutSeconds,
            trigger: { kind: 'schedule', actor: null, event: name },
            schedule: name,
            scheduledFor: at,
            ...(error ? { status: 'skipped' as const, error, finishedAt: now } : {}),
          })
          .onConflictDoNothing()
          .returning();
        return row ?? null;
      });
    },

    /** Every schedule of every service. */
    async schedules(): Promise<StoredSchedule[]> {
      const rows = await raw<{ serviceId: string; schedule: Schedule; since: number; last: number | null }[]>`
        select s.id as "serviceId", e.schedule, extract(epoch from s.updated_at)::float8 * 1000 as since,
          (select extract(epoch from max(c.scheduled_for))::float8 * 1000 from commands c
            where c.service_id = s.id and c.schedule = e.schedule->>'name') as last
        from services s cross join lateral jsonb_array_elements(s.schedules) as e(schedule)
        where s.deleted_at is null`;
      return rows.map(({ since, last, ...row }) => ({
        ...row,
        since: new Date(since),
        last: last === null ? null : new Date(last),
      }));
    },

    async find(id: string): Promise<CommandRow | null> {
      return (await complete(await orm.select().from(commands).where(eq(commands.id, id))))[0] ?? null;
    },

    /** Ends a queued command at once and asks a running one to stop; false when it has ended. */
    async cancel(id: string): Promise<boolean> {
      const rows = await raw`
        update commands set cancel_requested_at = coalesce(cancel_requested_at, now()),
          status = case when status = 'queued' then 'canceled' else status end,
          finished_at = case when status = 'queued' then now() end
        where id = ${id} and status in ('queued', 'running') returning id`;
      return rows.length === 1;
    },

    async list(options: { limit: number; before: string | null; serviceId: string }): Promise<Page<CommandRow>> {
      const { limit, before, serviceId } = options;
      const rows = await orm
        .select()
        .from(commands)
        .where(and(eq(commands.serviceId, serviceId), before ? lt(commands.id, before) : undefined))
        .orderBy(desc(commands.id))
        .limit(limit + 1);
      const page = pageOf(rows, limit);
      return { ...page, items: await complete(page.items) };
    },
  };
}
