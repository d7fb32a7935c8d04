import type { Database } from './connect.js';

/** Runs `work` unless somebody else, in any process, runs work of the same name now. The lock goes with its holder. */
export async function exclusively(database: Database, name: string, work: () => Promise<void>): Promise<void> {
  await database.sql.begin(async (tx) => {
    const [row] = await tx<{ mine: boolean }[]>`select pg_try_advisory_xact_lock(hashtext(${name})) as mine`;
    if (row?.mine) await work();
  });
}
