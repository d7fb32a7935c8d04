import type { Artifact, DeploymentError, Instance, Revision, StageName, StageStatus, Upstream } from '@pierhead/model';
import { and, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import type { DeploymentColumns } from './deployments.js';
import { later } from './later.js';
import type { Replaced, SourceUsed } from './snapshot.js';
import { steadily } from './steadily.js';
import { deployments } from './tables.js';

/** A worker's hold on a deployment. Every effect carries it and is refused once another worker holds the deployment. */
export interface Lease {
  deploymentId: string;
  owner: string;
  epoch: number;
}

type Made = Pick<DeploymentColumns, 'artifactKey' | 'artifactReused' | 'origin'>;

export interface Guard {
  seconds: number;
  replaced: Replaced | null;
  awaited: boolean;
}

/** A deployment that a worker holds from now on. */
export interface Claimed extends DeploymentColumns {
  /** Since it started for the first time. */
  ranSeconds: number;
  /** Whether traffic goes to it already, as a former worker left it. */
  live: boolean;
}

export type Ending = { status: 'succeeded' } | { status: 'canceled' } | { status: 'failed'; error: DeploymentError };

/** How often the world may fail a deployment before it is given up. */
export const maxRetries = 5;

/**
 * What a worker does to the deployment that it holds. Each answer of false or null means: the lease is lost. Every
 * statement but `claim` may run twice, and is repeated while the database cannot be reached.
 */
export function runRepository({ orm, sql: raw }: Database) {
  const held = ({ deploymentId, owner, epoch }: Lease) =>
    and(
      eq(deployments.id, deploymentId),
      eq(deployments.leaseOwner, owner),
      eq(deployments.leaseEpoch, epoch),
      eq(deployments.status, 'running'),
    );

  type Values = Partial<typeof deployments.$inferInsert>;
  const id = { id: deployments.id };
  const set = async (lease: Lease, values: Values): Promise<boolean> =>
    steadily(async () => (await orm.update(deployments).set(values).where(held(lease)).returning(id)).length === 1);

  /** The same for what the next attempt finds out again. */
  const note = async (lease: Lease, values: Values): Promise<boolean> =>
    steadily(async () => {
      const noting = orm.update(deployments).set(values).from(sql.raw(later)).where(held(lease));
      return (await noting.returning(id)).length === 1;
    });

  return {
    /**
     * Takes a queued deployment when nothing else of its service and environment runs and it was not handed to
     * another worker; null otherwise.
     * @param leaseSeconds how long the hold lasts unless renewed, by the database's clock
     */
    async claim(deploymentId: string, owner: string, leaseSeconds: number): Promise<Claimed | null> {
      const claimable = sql`${deployments.status} = 'queued' and ${deployments.notBefore} <= now()
        and coalesce(${deployments.dispatchedTo}, ${owner}) = ${owner} and not exists (
        select 1 from deployments o where o.service_id = ${deployments.serviceId} and o.environment = ${deployments.environment} and o.status = 'running')`;
      const [row] = await orm
        .update(deployments)
        .set({
          status: 'running',
          leaseOwner: owner,
          leaseEpoch: sql`${deployments.leaseEpoch} + 1`,
          leaseUntil: sql`now() + make_interval(secs => ${leaseSeconds})`,
          startedAt: sql`coalesce(${deployments.startedAt}, now())`,
        })
        .where(and(eq(deployments.id, deploymentId), claimable))
        .returning({
          ...getTableColumns(deployments),
          ranSeconds: sql<number>`extract(epoch from now() - ${deployments.startedAt})::float8`,
          live: sql<boolean>`exists (select 1 from releases r where r.deployment_id = ${deployments.id})`,
        });
      return row ?? null;
    },

    async renew(lease: Lease, leaseSeconds: number): Promise<'held' | 'cancel' | 'lost'> {
      const [row] = await orm
        .update(deployments)
        .set({ leaseUntil: sql`now() + make_interval(secs => ${leaseSeconds})` })
        .where(held(lease))
        .returning({ cancel: deployments.cancelRequestedAt });
      if (!row) return 'lost';
      return row.cancel ? 'cancel' : 'held';
    },

    /** @param ended the stage that has succeeded since the last call, if any */
    startStage: (lease: Lease, name: StageName, ended: StageName | null = null): Promise<boolean> =>
      steadily(async () => {
        const [row] = await raw<{ id: string }[]>`
          with mine as (
            update deployments set stage = ${name} from ${raw.unsafe(later)} where id = ${lease.deploymentId}
              and lease_owner = ${lease.owner} and lease_epoch = ${lease.epoch} and status = 'running' returning id),
          before as (
            update stages set status = 'succeeded', finished_at = clock_timestamp() from mine
            where deployment_id = mine.id and name = ${ended} and finished_at is null)
          insert into stages (deployment_id, name, status, started_at) select id, ${name}, 'running', clock_timestamp() from mine
          on conflict (deployment_id, name) do update set status = 'running', started_at = excluded.started_at, finished_at = null
          returning deployment_id as id`;
        return row !== undefined;
      }),

    /** Ends a stage that began under this lease. */
    endStage: (lease: Lease, name: StageName, status: StageStatus): Promise<void> =>
      steadily(async () => {
        await raw`update stages set status = ${status}, finished_at = clock_timestamp() from ${raw.unsafe(later)}
          where deployment_id = ${lease.deploymentId} and name = ${name} and finished_at is null
            and exists (select 1 from deployments where id = ${lease.deploymentId} and lease_owner = ${lease.owner} and lease_epoch = ${lease.epoch})`;
      }),

    /** Records that stages which a former worker began had done their work before it died. */
    adoptStages: (lease: Lease, names: readonly StageName[]): Promise<void> =>
      steadily(async () => {
        await raw`update stages set status = 'succeeded', finished_at = coalesce(finished_at, clock_timestamp())
          from ${raw.unsafe(later)} where deployment_id = ${lease.deploymentId} and name in ${raw(names)} and status <> 'succeeded'
            and exists (select 1 from deployments where id = ${lease.deploymentId} and lease_owner = ${lease.owner} and lease_epoch = ${lease.epoch})`;
      }),

    resolved: (lease: Lease, revision: Revision, sourceUsed: SourceUsed) => note(lease, { revision, sourceUsed }),
    fetched: (lease: Lease, sourceUsed: SourceUsed) => note(lease, { sourceUsed }),
    built: (lease: Lease, artifact: Artifact, { artifactKey, artifactReused, origin }: Made) =>
      set(lease, { artifact, artifactKey, artifactReused, origin }),
    released: (lease: Lease, instance: Instance) => set(lease, { instance }),

    /**
     * Lets the route of what is live lead nowhere, so that requests wait at the gateways; null when the lease is lost.
     * @returns the version of the route table from which on they do
     */
    hold: (lease: Lease): Promise<{ version: number } | null> =>
      steadily(async () => {
        const [row] = await raw<{ version: string }[]>`
          update releases r set upstreams = '[]'::jsonb, version = nextval('release_version') from deployments d
          where d.id = ${lease.deploymentId} and d.lease_owner = ${lease.owner} and d.lease_epoch = ${lease.epoch}
            and d.status = 'running' and r.service_id = d.service_id and r.environment = d.environment and r.deployment_id <> d.id
          returning r.version`;
        return row ? { version: Number(row.version) } : null;
      }),

    /**
     * Moves the route to this deployment in one statement, or does nothing: when the lease is lost, a
     * cancel came first, or the service is gone.
     * @returns the new release's version
     */
    switch: (lease: Lease, upstreams: Upstream[]): Promise<{ version: number } | null> =>
      steadily(async () => {
        const [row] = await raw<{ version: string }[]>`
          with before as (
            select jsonb_build_object('deploymentId', r.deployment_id, 'upstreams', r.upstreams) as release
            from releases r join deployments d on d.service_id = r.service_id and d.environment = r.environment
            where d.id = ${lease.deploymentId} and r.deployment_id <> d.id),
          mine as (
            update deployments d set switched_at = now(), replaced = coalesce((select release from before), d.replaced) from services s
            where s.id = d.service_id and s.deleted_at is null and d.id = ${lease.deploymentId} and d.lease_owner = ${lease.owner}
              and d.lease_epoch = ${lease.epoch} and d.status = 'running' and (d.cancel_requested_at is null or d.switched_at is not null)
            returning d.id, d.service_id, d.environment)
          insert into releases (service_id, environment, deployment_id, upstreams, version)
          select service_id, environment, id, ${JSON.stringify(upstreams)}::jsonb, nextval('release_version') from mine
          on conflict (service_id, environment) do update set deployment_id = excluded.deployment_id, upstreams = excluded.upstreams,
            version = excluded.version, switched_at = now()
          returning version`;
        return row ? { version: Number(row.version) } : null;
      }),

    /**
     * How much longer a release is to be watched, in seconds; what there is to go back to; and whether something waits
     * for the end of it: a rollback or another deployment, or the removal of the service.
     */
    async guard({ deploymentId }: Lease): Promise<Guard> {
      const [row] = await raw<Guard[]>`
        select coalesce((s.delivery->>'guardSeconds')::int, 0) - extract(epoch from now() - d.switched_at)::float8 as seconds,
          case when exists (select 1 from deployments o where o.id = (d.replaced->>'deploymentId')::uuid and o.instance is not null)
            then d.replaced end as replaced,
          d.cancel_requested_at is not null or s.deleted_at is not null or exists (
            select 1 from deployments o where o.service_id = d.service_id and o.environment = d.environment and o.status = 'queued') as awaited
        from deployments d join services s on s.id = d.service_id where d.id = ${deploymentId} and d.switched_at is not null`;
      return row ?? { seconds: 0, replaced: null, awaited: false };
    },

    /**
     * Moves the route back to what this deployment replaced, in one statement, and notes why: from then on it is not
     * live, and can only fail.
     * @param upstreams where that is served now
     * @returns the release's new version; null when the lease is lost, or it is not live
     */
    goBack: (lease: Lease, error: DeploymentError, upstreams: Upstream[]): Promise<{ version: number } | null> =>
      steadily(async () => {
        const [row] = await raw<{ version: string }[]>`
          with mine as (
            update deployments d set switched_at = null, error = ${JSON.stringify(error)}::jsonb from releases r
            where d.id = ${lease.deploymentId} and d.lease_owner = ${lease.owner} and d.lease_epoch = ${lease.epoch}
              and d.status = 'running' and d.replaced is not null and r.deployment_id = d.id
            returning d.id, d.replaced)
          update releases r set deployment_id = (mine.replaced->>'deploymentId')::uuid, upstreams = ${JSON.stringify(upstreams)}::jsonb,
            version = nextval('release_version'), switched_at = now()
          from mine where r.deployment_id = mine.id
          returning r.version`;
        return row ? { version: Number(row.version) } : null;
      }),

    /** Takes the route away where there was none before, and notes why: the deployment is not live, and can only fail. */
    withdraw: (lease: Lease, error: DeploymentError): Promise<boolean> =>
      steadily(async () => {
        const rows = await raw`
          with mine as (
            update deployments d set switched_at = null, error = ${JSON.stringify(error)}::jsonb from releases r
            where d.id = ${lease.deploymentId} and d.lease_owner = ${lease.owner} and d.lease_epoch = ${lease.epoch}
              and d.status = 'running' and d.replaced is null and r.deployment_id = d.id
            returning d.id)
          delete from releases r using mine where r.deployment_id = mine.id returning r.deployment_id`;
        return rows.length === 1;
      }),

    /** Ends the deployment, and whatever stage of it is still open. What is live can end in success alone. */
    finish: (lease: Lease, ending: Ending): Promise<boolean> =>
      steadily(async () => {
        const error = ending.status === 'failed' ? JSON.stringify(ending.error) : null;
        const rows = await raw`
          with ended as (
            update deployments set status = ${ending.status}, error = ${error}::jsonb, finished_at = now(), lease_owner = null, lease_until = null
            where id = ${lease.deploymentId} and lease_owner = ${lease.owner} and lease_epoch = ${lease.epoch} and status = 'running'
              and (${ending.status} = 'succeeded' or not exists (select 1 from releases r where r.deployment_id = ${lease.deploymentId})) returning id),
          closed as (
            update stages set status = ${ending.status}, finished_at = clock_timestamp() from ended
            where deployment_id = ended.id and finished_at is null)
          select id from ended`;
        return rows.length === 1;
      }),

    /**
     * Hands the deployment back to the queue, to be tried again after a while.
     * @param failed whether the world failed it, which counts against its retries
     */
    requeue: (lease: Lease, { delaySeconds, failed }: { delaySeconds: number; failed: boolean }): Promise<boolean> =>
      set(lease, {
        status: 'queued',
        leaseOwner: null,
        leaseUntil: null,
        dispatchedAt: null,
        dispatchedTo: null,
        attempt: sql`${deployments.attempt} + 1` as never,
        retries: sql`${deployments.retries} + ${failed ? 1 : 0}` as never,
        notBefore: sql`now() + make_interval(secs => ${delaySeconds})` as never,
      }),
  };
}
