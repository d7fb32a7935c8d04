import type { EntryKind } from '@pierhead/model';
import { sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { registryLookups } from './tables.js';

/** One question of a deployment to the registries of its worker, and whether they had an answer. */
export interface Lookup {
  kind: EntryKind;
  entryId: string;
  version: string;
  found: boolean;
}

export function lookupRepository({ orm }: Database) {
  return {
    /** The last answer to each question of a deployment counts. */
    async record(deploymentId: string, workerId: string, lookups: readonly Lookup[]): Promise<void> {
      await orm
        .insert(registryLookups)
        .values(lookups.map((lookup) => ({ ...lookup, deploymentId, workerId })))
        .onConflictDoUpdate({
          target: [
            registryLookups.deploymentId,
            registryLookups.kind,
            registryLookups.entryId,
            registryLookups.version,
          ],
          set: { found: sql`excluded.found`, workerId: sql`excluded.worker_id`, at: sql`now()` },
        });
    },
  };
}
