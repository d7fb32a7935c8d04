import type { Database } from './connect.js';
import { installation } from './tables.js';

/** This installation's id, which was made with the schema. */
export async function installationId({ orm }: Database): Promise<string> {
  const [row] = await orm.select().from(installation);
  if (!row) throw new Error('The database has no installation id: its schema is older than this program.');
  return row.id;
}
