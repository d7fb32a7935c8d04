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

/** What a deployment needs of a worker. Snapshots from before there were labels ask for none. */
export const requirementsOf = (snapshot: Snapshot): Requirements => ({
  labels: snapshot.workerLabels ?? [],
  entries: [
    { kind: 'provider', id: snapshot.providerId, version: snapshot.providerVersion },
    { kind: 'builder', id: snapshot.builderId, version: snapshot.builderVersion },
    { kind: 'runtime', id: snapshot.runtimeId, version: snapshot.runtimeVersion },
  ],
});
