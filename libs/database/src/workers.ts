import type { Capabilities, WorkerInfo } from '@pierhead/model';
import { asc, eq, lt, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { workers } from './tables.js';

export function workerRepository({ orm }: Database) {
  return {
    async heartbeat(worker: { id: string; slots: number; running: number; capabilities: Capabilities }): Promise<void> {
      const { id, ...values } = worker;
      const set = { ...values, lastHeartbeatAt: sql`now()` };
      await orm
        .insert(workers)
        .values({ id, ...values })
        .onConflictDoUpdate({ target: workers.id, set });
    },

    async leave(id: string): Promise<void> {
      await orm.delete(workers).where(eq(workers.id, id));
    },

    /** Workers that have shown life within a minute; those silent for longer are forgotten. */
    async list(): Promise<WorkerInfo[]> {
      await orm.delete(workers).where(lt(workers.lastHeartbeatAt, sql`now() - interval '1 minute'`));
      const rows = await orm.select().from(workers).orderBy(asc(workers.id));
      return rows.map((row) => ({
        ...row,
        startedAt: row.startedAt.toISOString(),
        lastHeartbeatAt: row.lastHeartbeatAt.toISOString(),
      }));
    },
  };
}
