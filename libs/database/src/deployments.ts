import { isDeepStrictEqual } from 'node:util';
import {
  choiceOf,
  type DeploymentInput,
  defaultTimeouts,
  type QueuePolicy,
  type Stage,
  type Trigger,
} from '@pierhead/model';
import { and, asc, desc, eq, getTableColumns, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import { chooseWorker, lackOfWorker } from './choose-worker.js';
import type { Database, Queries } from './connect.js';
import { newId } from './ids.js';
import { liveWorkers, requirementsOf } from './live-workers.js';
import { type Page, pageOf } from './page.js';
import type { Secrets } from './secrets.js';
import type { Snapshot } from './snapshot.js';
import { deployments, releases, services, stages } from './tables.js';

export type DeploymentColumns = typeof deployments.$inferSelect;
type StageRow = typeof stages.$inferSelect;
type ServiceColumns = typeof services.$inferSelect;
/** What a deployment is to bring up. */
type Content = Pick<typeof deployments.$inferInsert, 'want' | 'snapshot'> & Partial<DeploymentColumns>;

interface QueuePlace {
  position: number;
  blockedBy: string | null;
  /** Why no worker takes it, where none can. */
  reason: string | null;
}

/** A deployment with what is known of it beyond its own row. */
export interface DeploymentRow extends DeploymentColumns {
  stages: Stage[];
  live: boolean;
  queue: QueuePlace | null;
}

interface Asked {
  serviceId: string;
  environment: string;
  trigger: Trigger;
  /** The same key gives the same deployment. */
  idempotencyKey: string | null;
}

export interface NewDeployment extends Asked {
  input: Pick<DeploymentInput, 'ref' | 'revision' | 'force'>;
  /** One whose revision is to be deployed once more, unless the service has another source by now. */
  again?: { deployment: DeploymentColumns; secrets: Secrets };
}

export interface NewRollback extends Asked {
  /** The deployment whose release is brought back; without it the release before the live one. */
  deploymentId: string | null;
}

/** Why a release cannot be brought back. */
export type NoRollback =
  | 'nothing_live'
  | 'no_earlier_release'
  | 'deployment_not_found'
  | 'never_live'
  | 'live_already'
  | 'release_not_kept';

export const production = 'production';
const iso = (date: Date | null) => date?.toISOString() ?? null;

function stageOf({ name, status, startedAt, finishedAt }: StageRow): Stage {
  return {
    name,
    status,
    startedAt: startedAt.toISOString(),
    finishedAt: iso(finishedAt),
    durationMs: finishedAt ? Math.max(0, finishedAt.getTime() - startedAt.getTime()) : null,
  };
}

export function deploymentRepository({ orm, sql: raw }: Database) {
  /** Position, blocker and what is missing, of each deployment among `rows` that is queued. */
  const queueOf = async (rows: DeploymentColumns[]): Promise<Map<string, QueuePlace>> => {
    const queued = rows.filter((row) => row.status === 'queued');
    if (queued.length === 0) return new Map();
    const ids = queued.map((row) => row.id);
    const places = await raw<{ id: string; position: number; blockedBy: string | null }[]>`
      with line as (select id, row_number() over (order by id)::int as position from deployments where status = 'queued')
      select d.id, line.position,
        (select b.id from deployments b where b.service_id = d.service_id and b.environment = d.environment
           and b.status in ('queued', 'running') and (b.status = 'running' or b.id < d.id) order by b.status desc, b.id limit 1) as "blockedBy"
      from deployments d join line on line.id = d.id where d.id in ${raw(ids)} and d.status = 'queued'`;
    const reasons = await reasonsOf(queued);
    return new Map(places.map(({ id, ...place }) => [id, { ...place, reason: reasons.get(id) ?? null }]));
  };

  /** Why deployments have to wait that no living worker would take, the one that they were handed to included. */
  const reasonsOf = async (queued: DeploymentColumns[]): Promise<Map<string, string>> => {
    const workers = await liveWorkers(orm);
    return new Map(
      queued.flatMap(({ id, ...row }): [string, string][] => {
        const choice = chooseWorker(requirementsOf(row), workers);
        return 'reason' in choice ? [[id, choice.reason]] : [];
      }),
    );
  };

  const complete = async (rows: DeploymentColumns[]): Promise<DeploymentRow[]> => {
    const ids = rows.map((row) => row.id);
    if (ids.length === 0) return [];
    const [stageRows, releaseRows, queue] = await Promise.all([
      orm.select().from(stages).where(inArray(stages.deploymentId, ids)).orderBy(asc(stages.startedAt)),
      orm.select({ id: releases.deploymentId }).from(releases).where(inArray(releases.deploymentId, ids)),
      queueOf(rows),
    ]);
    const live = new Set(releaseRows.map((row) => row.id));
    return rows.map((row) => ({
      ...row,
      stages: stageRows.filter((stage) => stage.deploymentId === row.id).map(stageOf),
      live: live.has(row.id),
      queue: queue.get(row.id) ?? null,
    }));
  };

  /** Ends or interrupts older deployments as the service's policy says. */
  const applyPolicy = async (tx: Queries, policy: QueuePolicy, serviceId: string, environment: string) => {
    if (policy === 'queue-all') return;
    const own = and(eq(deployments.serviceId, serviceId), eq(deployments.environment, environment));
    const now = new Date();
    const waiting = and(own, sql`status = 'queued' and switched_at is null`);
    await tx.update(deployments).set({ status: 'superseded', finishedAt: now }).where(waiting);
    if (policy === 'cancel-running')
      await tx.update(deployments).set({ cancelRequestedAt: now }).where(and(own, sql`status = 'running'`));
  };

  /** Stores a deployment in the turn of its service; the row is the outbox. Null when the service is gone. */
  const store = async <Refusal extends string>(
    { serviceId, environment, trigger, idempotencyKey: key }: Asked,
    contentOf: (tx: Queries, service: ServiceColumns) => Promise<Content | Refusal>,
  ): Promise<DeploymentRow | Refusal | null> => {
    const row = await orm.transaction(async (tx) => {
      const [service] = await tx.select().from(services).where(eq(services.id, serviceId)).for('update');
      if (!service || service.deletedAt) return null;
      // No header has a line break: a key counts for one kind of request.
      const idempotencyKey = key && trigger.kind !== 'api' ? `${trigger.kind}\n${key}` : key;
      if (idempotencyKey) {
        const [known] = await tx
          .select()
          .from(deployments)
          .where(and(eq(deployments.serviceId, serviceId), eq(deployments.idempotencyKey, idempotencyKey)));
        if (known) return known;
      }
      const content = await contentOf(tx, service);
      if (isRefusal(content)) return content;
      const { nextNumber: number } = service;
      // What brings a release back is to be live at once: whatever is under way gives way.
      const policy = content.rollbackOf ? 'cancel-running' : service.delivery.queuePolicy;
      await applyPolicy(tx, policy, serviceId, environment);
      await tx
        .update(services)
        .set({ nextNumber: number + 1 })
        .where(eq(services.id, serviceId));
      const values = { id: newId(), serviceId, environment, number, trigger, idempotencyKey, ...content };
      return (await tx.insert(deployments).values(values).returning())[0]!;
    });
    return row === null || isRefusal(row) ? row : (await complete([row]))[0]!;
  };

  return {
    /** Stores a deployment with the service as it is now. Null when the service is gone. */
    create: ({ input, again, ...asked }: NewDeployment): Promise<DeploymentRow | null> =>
      store<never>(asked, async (_tx, service) => {
        const snapshot = snapshotOf(service);
        const revision = again && hasSource(snapshot, again) ? again.deployment.revision : null;
        return { want: input, snapshot, revision };
      }),

    /**
     * Stores a deployment that brings an earlier release back as it was: revision, artifact, configs and variables. How
     * it is delivered is as the service is now. Null when the service is gone.
     */
    rollback: ({ deploymentId, ...asked }: NewRollback): Promise<DeploymentRow | NoRollback | null> =>
      store<NoRollback>(asked, async (tx, service) => {
        const own = and(eq(deployments.serviceId, asked.serviceId), eq(deployments.environment, asked.environment));
        const [live] = await tx
          .select(getTableColumns(deployments))
          .from(releases)
          .innerJoin(deployments, eq(deployments.id, releases.deploymentId))
          .where(own);
        if (!deploymentId && !live) return 'nothing_live';
        // A live rollback counts as the release that it brought back: the one before that is older.
        const earlier = and(
          eq(deployments.status, 'succeeded'),
          isNotNull(deployments.artifact),
          isNull(deployments.artifactDiscardedAt),
          live && lt(deployments.id, live.rollbackOf ?? live.id),
        );
        const [release] = await tx
          .select()
          .from(deployments)
          .where(and(own, deploymentId ? eq(deployments.id, deploymentId) : earlier))
          .orderBy(desc(deployments.id))
          .limit(1);
        if (!release) return deploymentId ? 'deployment_not_found' : 'no_earlier_release';
        const rollbackOf = release.rollbackOf ?? release.id;
        if (live && rollbackOf === (live.rollbackOf ?? live.id)) return 'live_already';
        if (release.status !== 'succeeded') return 'never_live';
        if (release.artifactDiscardedAt) return 'release_not_kept';
        const { want, revision, sourceUsed, artifact, artifactKey, origin } = release;
        const { workerLabels, timeouts } = snapshotOf(service);
        return {
          want,
          revision,
          sourceUsed,
          artifact,
          artifactKey,
          artifactReused: true,
          origin,
          snapshot: { ...release.snapshot, workerLabels, timeouts },
          rollbackOf,
        };
      }),

    /** Why no worker could run a deployment of the service as things are; null where one can. */
    async lackOfWorker(service: typeof services.$inferSelect): Promise<string | null> {
      return lackOfWorker(requirementsOf({ snapshot: snapshotOf(service), rollbackOf: null }), await liveWorkers(orm));
    },

    async find(id: string): Promise<DeploymentRow | null> {
      return (await complete(await orm.select().from(deployments).where(eq(deployments.id, id))))[0] ?? null;
    },

    /** Ends a queued deployment at once and asks a running one to stop; false when it has ended or is live already. */
    async cancel(id: string): Promise<boolean> {
      const rows = await raw`
        update deployments d set
          cancel_requested_at = coalesce(cancel_requested_at, now()),
          status = case when status = 'queued' then 'canceled' else status end,
          finished_at = case when status = 'queued' then now() else finished_at end
        where id = ${id} and status in ('queued', 'running') and switched_at is null
        returning id`;
      return rows.length === 1;
    },

    /** The version of the release that a deployment is; null while traffic does not go to it. */
    async releaseVersion(id: string): Promise<number | null> {
      const [row] = await orm.select({ version: releases.version }).from(releases).where(eq(releases.deploymentId, id));
      return row?.version ?? null;
    },

    /** Deployments of a service and environment that have something running and are not live. */
    async leftovers(serviceId: string, environment: string): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        select d.id from deployments d where d.service_id = ${serviceId} and d.environment = ${environment} and d.instance is not null
          and not exists (select 1 from releases r where r.deployment_id = d.id)`;
      return rows.map((row) => row.id);
    },

    /** Those of the deployments that wait or run. */
    async unfinished(ids: readonly string[]): Promise<string[]> {
      if (ids.length === 0) return [];
      const rows = await raw<{ id: string }[]>`
        select id from deployments where id in ${raw(ids)} and status in ('queued', 'running')`;
      return rows.map((row) => row.id);
    },

    /** Records that nothing of a deployment runs any more. */
    async stopped(id: string): Promise<void> {
      await orm.update(deployments).set({ instance: null }).where(eq(deployments.id, id));
    },

    async findMany(ids: string[]): Promise<DeploymentRow[]> {
      return ids.length === 0 ? [] : complete(await orm.select().from(deployments).where(inArray(deployments.id, ids)));
    },

    /** Newest first, of one service or of all in `projects`; null means all. */
    async list(options: {
      limit: number;
      before: string | null;
      serviceId?: string;
      projects?: readonly string[] | null;
    }): Promise<Page<DeploymentRow>> {
      const { limit, before, serviceId, projects } = options;
      const ofProjects = (ids: readonly string[]) =>
        orm
          .select({ id: services.id })
          .from(services)
          .where(inArray(services.projectId, [...ids]));
      const rows = await orm
        .select()
        .from(deployments)
        .where(
          and(
            serviceId ? eq(deployments.serviceId, serviceId) : undefined,
            projects ? inArray(deployments.serviceId, ofProjects(projects)) : undefined,
            before ? lt(deployments.id, before) : undefined,
          ),
        )
        .orderBy(desc(deployments.id))
        .limit(limit + 1);
      const page = pageOf(rows, limit);
      return { ...page, items: await complete(page.items) };
    },
  };
}

/** Narrows what `typeof` cannot: a type parameter that extends string. */
const isRefusal = <Refusal extends string>(answer: object | Refusal): answer is Refusal => typeof answer === 'string';

/** Secrets count by their plain text: the same one never looks the same twice. What does not open is another source. */
function hasSource(now: Snapshot, { deployment, secrets }: NonNullable<NewDeployment['again']>): boolean {
  const opened = (snapshot: Snapshot) => secrets.open(sourceOf(snapshot), deployment.serviceId);
  try {
    return isDeepStrictEqual(opened(now), opened(deployment.snapshot));
  } catch {
    return false;
  }
}

const sourceOf = ({ providerId, providerVersion, providerConfig, fallbackSources = [] }: Snapshot) => ({
  providerId,
  providerVersion,
  providerConfig,
  fallbackSources,
});

function snapshotOf(service: typeof services.$inferSelect): Snapshot {
  const { name, variables, delivery } = service;
  const timeouts = { ...defaultTimeouts, ...delivery.timeouts };
  return { ...choiceOf(service), serviceName: name, variables, workerLabels: delivery.workerLabels ?? [], timeouts };
}
