import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres, { type Sql as DriverSql } from './driver.js';
import * as tables from './tables.js';

export type Sql = DriverSql;
type Orm = PostgresJsDatabase<typeof tables>;

/** One pool, seen two ways: `orm` for typed queries, `sql` for LISTEN and what only SQL can say. */
export interface Database {
  sql: Sql;
  orm: Orm;
  /** Waits for running queries, at most 5 s. */
  close(): Promise<void>;
}

/** The part of `Orm` that a transaction offers as well. */
export type Queries = Pick<Orm, 'select' | 'insert' | 'update' | 'delete' | 'execute'>;

/**
 * Connects lazily: the first query opens the first connection.
 * @param max connections at most, one more for LISTEN
 */
export function connect(url: string, { name, max = 5 }: { name: string; max?: number }): Database {
  const sql = postgres(url, {
    max,
    idle_timeout: 20,
    connect_timeout: 10,
    // The driver's own pauses grow to twenty seconds, and what waits for a connection waits with it.
    backoff: (tries: number) => Math.min(0.05 * 2 ** tries, 1) * (0.5 + Math.random() / 2),
    onnotice: () => {},
    connection: { application_name: `pierhead-${name}` },
  });
  return { sql, orm: drizzle(sql, { schema: tables }), close: () => sql.end({ timeout: 5 }) };
}
