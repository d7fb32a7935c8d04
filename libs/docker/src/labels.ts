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

const commandLabel = 'pierhead.command';

/**
 * What the container of a command carries. It is nobody's replica, whatever the image's own labels say, which it would
 * inherit.
 */
export const commandLabels = (commandId: string, { serviceId }: Identity): Record<string, string> => ({
  [managedLabel]: 'true',
  'pierhead.service': serviceId,
  'pierhead.environment': '',
  'pierhead.deployment': '',
  [commandLabel]: commandId,
});

/** The command that a container runs; null for a replica, whatever its image says. */
export const commandOf = (labels: Record<string, string>): string | null =>
  (!labels['pierhead.deployment'] && labels[commandLabel]) || null;
