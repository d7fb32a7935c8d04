import type { Identity } from '@pierhead/model';

export const managedLabel = 'pierhead.managed';

const installationLabel = 'pierhead.installation';

/** What everything carries that this installation of Pierhead makes in an engine. */
export const ownLabels = (installation: string): Record<string, string> => ({
  [managedLabel]: 'true',
  [installationLabel]: installation,
});

/** What everything that Pierhead makes for a deployment carries, and is found again by. */
export const identityLabels = (identity: Identity): Record<string, string> => ({
  [managedLabel]: 'true',
  'pierhead.service': identity.serviceId,
  'pierhead.environment': identity.environment,
  'pierhead.deployment': identity.deploymentId,
});
