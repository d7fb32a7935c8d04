import type { EntryKind } from '@pierhead/model';
import type { Database } from './connect.js';
import { later } from './later.js';

/** One question of a deployment to the registries of its worker, and whether they had an answer. */
export interface Lookup {
  kind: EntryKind;
  entryId: string;
  version: string;
  found: boolean;
}

export function lookupRepository({ sql: raw }: Database) {
  return {
    /** The last answer to each question of a deployment counts. */
    async record(deploymentId: string, workerId: string, lookups: readonly Lookup[]): Promise<void> {
      await raw`
        insert into registry_lookups (deployment_id, worker_id, kind, entry_id, version, found)
        select ${deploymentId}, ${workerId}, l.kind, l."entryId", l.version, l.found
        from jsonb_to_recordset(${JSON.stringify(lookups)}::jsonb) as l(kind text, "entryId" text, version text, found boolean),
          ${raw.unsafe(later)}
        on conflict (deployment_id, kind, entry_id, version) do update set found = excluded.found,
          worker_id = excluded.worker_id, at = now()`;
    },
  };
}
