import type { CommandRow, DeploymentRow, ServiceRow } from '@pierhead/database';
import {
  type Command,
  type Delivery,
  type Deployment,
  defaultDrainSeconds,
  defaultTimeouts,
  isFinal,
  type Schedule,
  type Service,
} from '@pierhead/model';
import type { ApiContext } from './context.js';
import { nextTime } from './cron.js';
import { mask } from './service-secrets.js';

const delivery = {
  autoDeploy: true,
  queuePolicy: 'latest-wins' as const,
  keepReleases: 5,
  drainSeconds: defaultDrainSeconds,
  guardSeconds: 0,
  workerLabels: [],
};

/** How a service is delivered, with the defaults for what it was stored without. */
export const deliveryOf = (row: Pick<ServiceRow, 'delivery'> | null): Delivery => ({
  ...delivery,
  ...row?.delivery,
  timeouts: { ...defaultTimeouts, ...row?.delivery.timeouts },
});

const iso = (date: Date | null) => date?.toISOString() ?? null;

/** A deployment as the API answers it. */
export function deploymentView(row: DeploymentRow, { urlOf }: Pick<ApiContext, 'urlOf'>): Deployment {
  const { revision, artifact, want } = row;
  return {
    id: row.id,
    serviceId: row.serviceId,
    number: row.number,
    environment: row.environment,
    status: row.status,
    stage: isFinal(row.status) ? (row.error?.stage ?? null) : row.stage,
    trigger: row.trigger,
    source: {
      providerId: row.sourceUsed?.providerId ?? row.snapshot.providerId,
      fallback: row.sourceUsed?.fallback ?? null,
      revision: revision?.id ?? want.revision ?? null,
      ref: revision?.ref ?? want.ref ?? null,
      message: revision?.message ?? null,
      author: revision?.author ?? null,
      url: revision?.url ?? null,
    },
    artifact: artifact && {
      kind: artifact.kind,
      digest: artifact.digest,
      bytes: artifact.bytes,
      reused: row.artifactReused,
    },
    stages: row.stages,
    queue: row.queue,
    error: row.error,
    live: row.live,
    rollbackOf: row.rollbackOf,
    url: urlOf(row.snapshot.serviceName, row.environment),
    createdAt: row.createdAt.toISOString(),
    startedAt: iso(row.startedAt),
    finishedAt: iso(row.finishedAt),
  };
}

/** A command as the API answers it. */
export function commandView(row: CommandRow): Command {
  return {
    id: row.id,
    serviceId: row.serviceId,
    environment: row.environment,
    deploymentId: row.deploymentId,
    command: row.argv,
    trigger: row.trigger,
    scheduledFor: iso(row.scheduledFor),
    timeoutSeconds: row.timeoutSeconds,
    status: row.status,
    reason: row.reason,
    exitCode: row.exitCode,
    error: row.error,
    createdAt: row.createdAt.toISOString(),
    startedAt: iso(row.startedAt),
    finishedAt: iso(row.finishedAt),
  };
}

const scheduleView = (schedule: Schedule) => ({ ...schedule, nextAt: iso(nextTime(schedule, new Date())) });

/** A service as the audit log keeps it, its secrets still sealed. */
export function serviceRecord({ nextNumber, deletedAt, createdAt, updatedAt, ...row }: ServiceRow): object {
  return row;
}

/** Services as the API answers them: secrets masked, each with its live deployment. */
export async function serviceViews(rows: ServiceRow[], context: ApiContext): Promise<Service[]> {
  const liveIds = await context.services.liveDeployments(rows.map((row) => row.id));
  const live = await context.deployments.findMany([...liveIds.values()]);
  return rows.map(({ nextNumber: _, deletedAt: __, createdAt, updatedAt, ...row }) => {
    const deployment = live.find((each) => each.serviceId === row.id);
    return {
      ...row,
      providerConfig: mask(row.providerConfig),
      builderConfig: mask(row.builderConfig),
      runtimeConfig: mask(row.runtimeConfig),
      fallbackSources: mask(row.fallbackSources),
      delivery: deliveryOf(row),
      schedules: row.schedules.map(scheduleView),
      variables: mask(row.variables) as Service['variables'],
      url: context.urlOf(row.name, 'production'),
      live: deployment ? deploymentView(deployment, context) : null,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    };
  });
}

export async function serviceView(row: ServiceRow, context: ApiContext): Promise<Service> {
  return (await serviceViews([row], context))[0]!;
}
