import type { Identity } from '@pierhead/model';

export const managedLabel = 'pierhead.managed';

export const deploymentLabel = 'pierhead.deployment';

const installationLabel = 'pierhead.installation';

/** What everything carries that this installation of Pierhead makes in an engine. */
export const ownLabels = (installation: string): Record<string, string> => ({
  [managedLabel]: 'true',
  [installationLabel]: installation,
});

/** What everything that Pierhead makes for a deployment carries, and is found again by. */
export const identityLabels = (identity: Identity): Record<string, string> => ({
  [managedLabel]: 'true',
  ...serviceLabels(identity),
  [deploymentLabel]: identity.deploymentId,
});

/** What everything carries that is made for a service in one of its environments. */
export const serviceLabels = ({ serviceId, environment }: Pick<Identity, 'serviceId' | 'environment'>) => ({
  'pierhead.service': serviceId,
  'pierhead.environment': environment,
});
