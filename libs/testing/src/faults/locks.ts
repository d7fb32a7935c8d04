import type { ReservedSql } from 'postgres';
import type { FaultStack } from './fault-stack.js';

/** A lock on a table that lets others read and not write. */
export interface TableLock {
  /** The backends whose statements wait for it. */
  waiting(): Promise<number[]>;
  release(): Promise<void>;
}

export async function lockTable({ sql }: FaultStack, table: 'releases' | 'gateways'): Promise<TableLock> {
  const lock: ReservedSql = await sql.reserve();
  await lock`begin`;
  await lock.unsafe(`lock table ${table} in share mode`);
  return {
    async waiting() {
      const rows = await sql<{ pid: number }[]>`
        select pid from pg_locks where relation = ${table}::regclass and not granted`;
      return rows.map(({ pid }) => pid);
    },
    async release() {
      await lock`rollback`;
      lock.release();
    },
  };
}
