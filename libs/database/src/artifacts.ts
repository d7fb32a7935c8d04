import type { Artifact } from '@pierhead/model';
import type { Database } from './connect.js';
import type { HeldArtifact } from './plan-artifacts.js';
import type { Origin, Snapshot } from './snapshot.js';

const keepReleases = 5;
/** Each machine may have made its own. */
const mostAlike = 20;

/** An artifact that was made before, and how; null from before that was recorded. */
interface KnownArtifact {
  artifact: Artifact;
  origin: Origin | null;
}

/** Artifacts of deployments, from when they are made until they are discarded. */
export function artifactRepository({ sql: raw }: Database) {
  /** It waits, it runs, one that runs may still go back to it, or a command is to run in it. */
  const unfinished = raw`(d.status in ('queued', 'running') or exists (
    select 1 from deployments o where o.service_id = d.service_id and o.status in ('queued', 'running')
      and o.replaced->>'deploymentId' = d.id::text) or exists (
    select 1 from commands c where c.service_id = d.service_id and c.status in ('queued', 'running') and c.deployment_id = d.id))`;
  return {
    /**
     * Every deployment whose artifact has not been discarded. Rollbacks do not count among the releases that are kept; a
     * removed service keeps none.
     */
    async held(): Promise<HeldArtifact[]> {
      return raw<HeldArtifact[]>`
        select d.id as "deploymentId", d.service_id as "serviceId", d.environment, d.snapshot->>'builderId' as "builderId", d.artifact,
          ${unfinished} as unfinished,
          exists (select 1 from releases r where r.deployment_id = d.id) as live,
          d.status = 'succeeded' and s.deleted_at is null and count(*) filter (where d.status = 'succeeded' and d.rollback_of is null)
            over (partition by d.service_id, d.environment order by d.id desc)
            <= coalesce((s.delivery->>'keepReleases')::int, ${keepReleases}) as rollback
        from deployments d join services s on s.id = d.service_id
        where d.artifact is not null and d.artifact_discarded_at is null
        order by d.id`;
    },

    /** The artifacts of a key that have not been discarded, newest first; equal ones once. */
    async ofKey(key: string): Promise<KnownArtifact[]> {
      return raw<KnownArtifact[]>`
        select d.artifact, (array_agg(d.origin order by d.id desc))[1] as origin from deployments d
        where d.artifact_key = ${key} and d.artifact is not null and d.artifact_discarded_at is null
        group by d.artifact order by max(d.id::text) desc limit ${mostAlike}`;
    },

    /** The snapshots that a service's artifacts of a revision were made with, of those that have not been discarded. */
    async madeOf(serviceId: string, revision: string): Promise<Snapshot[]> {
      const rows = await raw<{ snapshot: Snapshot }[]>`
        select d.snapshot from deployments d where d.service_id = ${serviceId} and d.revision->>'id' = ${revision}
          and d.artifact_key is not null and d.artifact is not null and d.artifact_discarded_at is null
        order by d.id desc limit ${mostAlike}`;
      return rows.map(({ snapshot }) => snapshot);
    },

    /** Whether anything live or unfinished has this artifact by now. */
    async isNeeded(digest: string): Promise<boolean> {
      const rows = await raw`
        select 1 from deployments d where d.artifact is not null and d.artifact_discarded_at is null and d.artifact->>'digest' = ${digest}
          and (${unfinished} or exists (select 1 from releases r where r.deployment_id = d.id)) limit 1`;
      return rows.length > 0;
    },

    /** Records that deployments' artifacts are gone, of those that have ended and are not live. */
    async discarded(deploymentIds: readonly string[]): Promise<void> {
      if (deploymentIds.length === 0) return;
      await raw`
        update deployments d set artifact_discarded_at = now() where d.id in ${raw(deploymentIds)}
          and not ${unfinished} and not exists (select 1 from releases r where r.deployment_id = d.id)`;
    },
  };
}
