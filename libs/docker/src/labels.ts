import type { Identity } from '@pierhead/model';

export const managedLabel = 'pierhead.managed';

/** What everything that Pierhead makes for a deployment carries. */
export const identityLabels = (identity: Identity): Record<string, string> => ({
  [managedLabel]: 'true',
  'pierhead.service': identity.serviceId,
  'pierhead.environment': identity.environment,
  'pierhead.deployment': identity.deploymentId,
});
