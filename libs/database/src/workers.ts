import type { WorkerInfo } from '@pierhead/model';
import { and, asc, eq, lt, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { liveFor } from './live-workers.js';
import { workers } from './tables.js';

type Heartbeat = Pick<WorkerInfo, 'id' | 'slots' | 'running' | 'refusal' | 'labels' | 'capabilities'>;

export function workerRepository({ orm, sql: raw }: Database) {
  const silent = lt(workers.lastHeartbeatAt, sql`now() - interval '1 minute'`);

  return {
    async heartbeat(worker: Heartbeat): Promise<void> {
      // Once it is known, `refuse` alone says what it refuses: a heartbeat on its way must not take that back.
      const { id, refusal, ...values } = worker;
      const set = { ...values, lastHeartbeatAt: sql`now()` };
      await orm
        .insert(workers)
        .values({ id, refusal, ...values })
        .onConflictDoUpdate({ target: workers.id, set });
    },

    /** From now on the worker is given nothing, for this reason; with null it is given deployments again. Told at once. */
    async refuse(id: string, refusal: string | null): Promise<void> {
      await raw`
        with changed as (update workers set refusal = ${refusal} where id = ${id} and refusal is distinct from ${refusal} returning id)
        select pg_notify('workers', '') from changed`;
    },

    /** From now on nothing is given to the worker; what it had to itself is swept like that of a dead one. */
    async leave(id: string): Promise<void> {
      const longAgo = sql`least(${workers.lastHeartbeatAt}, now() - ${liveFor}::interval)`;
      await orm.update(workers).set({ lastHeartbeatAt: longAgo }).where(eq(workers.id, id));
    },

    /** The workers that live. */
    async list(): Promise<WorkerInfo[]> {
      const rows = await orm
        .select()
        .from(workers)
        .where(sql`${workers.lastHeartbeatAt} > now() - ${liveFor}::interval`)
        .orderBy(asc(workers.id));
      return rows.map((row) => ({
        ...row,
        startedAt: row.startedAt.toISOString(),
        lastHeartbeatAt: row.lastHeartbeatAt.toISOString(),
      }));
    },

    /** The workers that live, or hold a deployment. */
    async present(): Promise<string[]> {
      const rows = await orm.execute<{ id: string }>(sql`
        select id from workers where last_heartbeat_at > now() - ${liveFor}::interval
        union select lease_owner from deployments where status = 'running' and lease_owner is not null`);
      return rows.map((row) => row.id);
    },

    /** Workers without a sign of life for a minute, each to be forgotten once nothing is left of it. */
    async silent(): Promise<string[]> {
      return (await orm.select({ id: workers.id }).from(workers).where(silent)).map((row) => row.id);
    },

    /** Unless it has come back. */
    async forget(id: string): Promise<void> {
      await orm.delete(workers).where(and(eq(workers.id, id), silent));
    },
  };
}
