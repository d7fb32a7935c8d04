import { sql } from 'drizzle-orm';
import type { LiveWorker, Requirements } from './choose-worker.js';
import type { Queries } from './connect.js';
import type { Snapshot } from './snapshot.js';

/** How long after its last heartbeat a worker counts as living. */
export const liveFor = '30 seconds';

/** The workers that live, with how much each has to do. */
export async function liveWorkers(queries: Pick<Queries, 'execute'>): Promise<LiveWorker[]> {
  return queries.execute<LiveWorker & Record<string, unknown>>(sql`
    select w.id, w.slots, w.refusal, w.labels, w.capabilities,
      (select count(*)::int from deployments d where d.status in ('queued', 'running')
        and ((d.status = 'running' and d.lease_owner = w.id) or (d.status = 'queued' and d.dispatched_to = w.id))) as busy
    from workers w where w.last_heartbeat_at > now() - ${liveFor}::interval order by w.id`);
}

interface Needing {
  snapshot: Snapshot;
  rollbackOf: string | null;
}

/**
 * What a deployment needs of a worker; one that brings a release back fetches and builds nothing. Snapshots from before
 * there were labels ask for none.
 */
export function requirementsOf({ snapshot, rollbackOf }: Needing): Requirements {
  const provider = { kind: 'provider', id: snapshot.providerId, version: snapshot.providerVersion } as const;
  const builder = { kind: 'builder', id: snapshot.builderId, version: snapshot.builderVersion } as const;
  const runtime = { kind: 'runtime', id: snapshot.runtimeId, version: snapshot.runtimeVersion } as const;
  return { labels: snapshot.workerLabels ?? [], entries: rollbackOf ? [runtime] : [provider, builder, runtime] };
}
