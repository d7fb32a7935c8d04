import type { DeploymentInput, DeploymentStatus, QueuePolicy, Stage, Trigger } from '@pierhead/model';
import { and, asc, desc, eq, inArray, lt } from 'drizzle-orm';
import type { Database, Queries } from './connect.js';
import { newId } from './ids.js';
import { type Page, pageOf } from './page.js';
import type { Snapshot } from './snapshot.js';
import { deployments, releases, services, stages } from './tables.js';

export type DeploymentColumns = typeof deployments.$inferSelect;
type StageRow = typeof stages.$inferSelect;

/** A deployment with what is known of it beyond its own row. */
export interface DeploymentRow extends DeploymentColumns {
  stages: Stage[];
  live: boolean;
  queue: { position: number; blockedBy: string | null } | null;
}

export interface NewDeployment {
  serviceId: string;
  environment: string;
  trigger: Trigger;
  input: Pick<DeploymentInput, 'ref' | 'revision' | 'force'>;
  idempotencyKey: string | null;
}

export const production = 'production';
const redispatchAfter = '15 seconds';
const maxEpochs = 5;
const workerLost = {
  code: 'worker_lost',
  message: `${maxEpochs} workers in a row stopped while they ran this deployment.`,
  hint: 'Look at the workers\u2019 logs and memory, then deploy again.',
  line: null,
};

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
  /** Position and blocker of each queued deployment among `ids`. */
  const queueOf = async (ids: string[]): Promise<Map<string, { position: number; blockedBy: string | null }>> => {
    if (ids.length === 0) return new Map();
    const rows = await raw<{ id: string; position: number; blockedBy: string | null }[]>`
      select d.id,
        (select count(*)::int from deployments q where q.status = 'queued' and q.id <= d.id) as position,
        (select b.id from deployments b where b.service_id = d.service_id and b.environment = d.environment
           and (b.status = 'running' or (b.status = 'queued' and b.id < d.id)) order by b.status desc, b.id limit 1) as "blockedBy"
      from deployments d where d.id in ${raw(ids)} and d.status = 'queued'`;
    return new Map(rows.map(({ id, position, blockedBy }) => [id, { position, blockedBy }]));
  };

  const complete = async (rows: DeploymentColumns[]): Promise<DeploymentRow[]> => {
    const ids = rows.map((row) => row.id);
    if (ids.length === 0) return [];
    const [stageRows, releaseRows, queue] = await Promise.all([
      orm.select().from(stages).where(inArray(stages.deploymentId, ids)).orderBy(asc(stages.startedAt)),
      orm.select({ id: releases.deploymentId }).from(releases).where(inArray(releases.deploymentId, ids)),
      queueOf(rows.filter((row) => row.status === 'queued').map((row) => row.id)),
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
    const older = (status: DeploymentStatus) =>
      and(
        eq(deployments.serviceId, serviceId),
        eq(deployments.environment, environment),
        eq(deployments.status, status),
      );
    const now = new Date();
    await tx.update(deployments).set({ status: 'superseded', finishedAt: now }).where(older('queued'));
    if (policy === 'cancel-running')
      await tx.update(deployments).set({ cancelRequestedAt: now }).where(older('running'));
  };

  return {
    /**
     * Stores a deployment with the service as it is now; the row is the outbox. The same idempotency
     * key gives the same deployment. Null when the service is gone.
     */
    async create({
      serviceId,
      environment,
      trigger,
      input,
      idempotencyKey,
    }: NewDeployment): Promise<DeploymentRow | null> {
      const row = await orm.transaction(async (tx) => {
        const [service] = await tx.select().from(services).where(eq(services.id, serviceId)).for('update');
        if (!service || service.deletedAt) return null;
        if (idempotencyKey) {
          const [known] = await tx
            .select()
            .from(deployments)
            .where(and(eq(deployments.serviceId, serviceId), eq(deployments.idempotencyKey, idempotencyKey)));
          if (known) return known;
        }
        await applyPolicy(tx, service.delivery.queuePolicy, serviceId, environment);
        await tx
          .update(services)
          .set({ nextNumber: service.nextNumber + 1 })
          .where(eq(services.id, serviceId));
        const { name: serviceName, ...rest } = service;
        const snapshot: Snapshot = { serviceName, ...pick(rest) };
        const values = {
          id: newId(),
          serviceId,
          environment,
          number: service.nextNumber,
          trigger,
          want: input,
          snapshot,
          idempotencyKey,
        };
        return (await tx.insert(deployments).values(values).returning())[0]!;
      });
      return row ? (await complete([row]))[0]! : null;
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

    /** Whether traffic goes to this deployment, in the database's own words. */
    async isLive(id: string): Promise<boolean> {
      return (
        (await orm.select({ id: releases.deploymentId }).from(releases).where(eq(releases.deploymentId, id))).length > 0
      );
    },

    /** Deployments of a service and environment that have something running and are not live. */
    async leftovers(serviceId: string, environment: string): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        select d.id from deployments d where d.service_id = ${serviceId} and d.environment = ${environment} and d.instance is not null
          and not exists (select 1 from releases r where r.deployment_id = d.id)`;
      return rows.map((row) => row.id);
    },

    /** Records that nothing of a deployment runs any more. */
    async stopped(id: string): Promise<void> {
      await orm.update(deployments).set({ instance: null }).where(eq(deployments.id, id));
    },

    async findMany(ids: string[]): Promise<DeploymentRow[]> {
      return ids.length === 0 ? [] : complete(await orm.select().from(deployments).where(inArray(deployments.id, ids)));
    },

    async list(options: { limit: number; before: string | null; serviceId?: string }): Promise<Page<DeploymentRow>> {
      const { limit, before, serviceId } = options;
      const rows = await orm
        .select()
        .from(deployments)
        .where(
          and(
            serviceId ? eq(deployments.serviceId, serviceId) : undefined,
            before ? lt(deployments.id, before) : undefined,
          ),
        )
        .orderBy(desc(deployments.id))
        .limit(limit + 1);
      const page = pageOf(rows, limit);
      return { ...page, items: await complete(page.items) };
    },

    /**
     * What the queue should know now: the oldest queued deployment of each service and environment in
     * which none runs, not yet handed to the queue or handed over long ago. Marks them as handed over.
     */
    async takeDispatchable(): Promise<{ id: string; attempt: number }[]> {
      return raw<{ id: string; attempt: number }[]>`
        update deployments set dispatched_at = now() where id in (
          select d.id from deployments d
          where d.status = 'queued' and d.not_before <= now()
            and (d.dispatched_at is null or d.dispatched_at < now() - ${redispatchAfter}::interval)
            and not exists (
              select 1 from deployments o where o.service_id = d.service_id and o.environment = d.environment and o.id <> d.id
                and (o.status = 'running' or (o.status = 'queued' and o.id < d.id)))
          for update skip locked)
        returning id, attempt`;
    },

    /** Takes back that a deployment was handed to the queue: the queue would not have it. */
    async undispatch(id: string): Promise<void> {
      await orm.update(deployments).set({ dispatchedAt: null }).where(eq(deployments.id, id));
    },

    /** Queues again what a dead worker held, or fails it when it has killed several; the ids. */
    async releaseLapsed(): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        update deployments set lease_owner = null, lease_until = null, dispatched_at = null, attempt = attempt + 1,
          status = case when lease_epoch < ${maxEpochs} then 'queued' else 'failed' end,
          finished_at = case when lease_epoch < ${maxEpochs} then null else now() end,
          error = case when lease_epoch < ${maxEpochs} then null else ${JSON.stringify(workerLost)}::jsonb || jsonb_build_object('stage', stage) end
        where status = 'running' and lease_until < now()
        returning id`;
      return rows.map((row) => row.id);
    },
  };
}

function pick(service: Omit<Snapshot, 'serviceName'>): Omit<Snapshot, 'serviceName'> {
  const { providerId, providerVersion, builderId, builderVersion, runtimeId, runtimeVersion } = service;
  const { providerConfig, builderConfig, runtimeConfig, variables } = service;
  return {
    providerId,
    providerVersion,
    builderId,
    builderVersion,
    runtimeId,
    runtimeVersion,
    providerConfig,
    builderConfig,
    runtimeConfig,
    variables,
  };
}
