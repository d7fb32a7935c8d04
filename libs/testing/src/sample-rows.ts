import type { Capability } from '@pierhead/model';

/** A service of provider `p`, builder `b` and runtime `r`, as it is stored; it lacks its id, project and name. */
export const plainService = {
  providerId: 'p',
  providerVersion: '1.0.0',
  builderId: 'b',
  builderVersion: '1.0.0',
  runtimeId: 'r',
  runtimeVersion: '1.0.0',
  providerConfig: {},
  builderConfig: {},
  runtimeConfig: {},
  variables: {},
  hostnames: [] as string[],
  delivery: { autoDeploy: true, queuePolicy: 'latest-wins' as const, keepReleases: 5, workerLabels: [] as string[] },
};

/** What a deployment of a service is stored from. */
export const order = (serviceId: string, idempotencyKey: string | null = null) => ({
  serviceId,
  environment: 'production',
  trigger: { kind: 'api', actor: null, event: null },
  input: {},
  idempotencyKey,
});

/** An entry in version 1.0.0 as a worker advertises it; with `reason`, one that it cannot use. */
export const capability = (id: string, reason: string | null = null): Capability => ({
  id,
  version: '1.0.0',
  available: reason === null,
  reason: reason === null ? null : { code: 'docker_unavailable', message: reason, hint: '' },
});
