import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as run } from 'drizzle-orm/postgres-js/migrator';
import postgres from './driver.js';

const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url));
const lock = 0x70_69_65_72;

/** Brings the database to the newest schema. Any number may run at once: an advisory lock makes them take turns. */
export async function migrate(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} });
  try {
    await sql`select pg_advisory_lock(${lock})`;
    await run(drizzle(sql), { migrationsFolder });
  } finally {
    await sql.end();
  }
}
