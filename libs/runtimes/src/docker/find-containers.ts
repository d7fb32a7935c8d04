import {
  connectEngine,
  deploymentLabel,
  type ListedContainer,
  listContainers,
  managedLabel,
  serviceLabels,
} from '@pierhead/docker';
import type { CallContext, Identity, Upstream } from '@pierhead/model';
import { nameLabel, portLabel, replicaLabel } from './container-plan.js';
import { sandboxOf } from './sandboxes.js';

/** The replicas of a deployment in their order, among all containers of its service there. */
export async function containersOf(identity: Identity, context: CallContext) {
  const engine = connectEngine(context.host.dockerHost);
  const all = await listContainers(engine, { [managedLabel]: 'true', ...serviceLabels(identity) }, context.signal);
  const own = all.filter(({ labels }) => labels[deploymentLabel] === identity.deploymentId);
  return { all, own: own.toSorted((a, b) => Number(a.labels[replicaLabel]) - Number(b.labels[replicaLabel])) };
}

/** The deployments that containers run, each once. */
export function identitiesOf(containers: readonly Pick<ListedContainer, 'labels'>[]): Identity[] {
  const identities = containers.flatMap((each) => identityOf(each) ?? []);
  return [...new Map(identities.map((each) => [each.deploymentId, each])).values()];
}

/** The labels of all that is made for the service and environment of a container with these. */
export const placeOf = (labels: Record<string, string>) =>
  serviceLabels({ serviceId: labels['pierhead.service'] ?? '', environment: labels['pierhead.environment'] ?? '' });

/** Null for a container that somebody made of an image of ours: it inherits the image's labels, and no more. */
export function identityOf({ labels }: Pick<ListedContainer, 'labels'>): Identity | null {
  const {
    'pierhead.service': serviceId,
    'pierhead.environment': environment,
    [deploymentLabel]: deploymentId,
  } = labels;
  if (!serviceId || !environment || !deploymentId) return null;
  return { serviceId, environment, deploymentId, serviceName: labels[nameLabel] ?? '' };
}

/** Where a replica is reached, by its own addresses or those of its sandbox; null while it stands still. */
export function upstreamOf(container: ListedContainer, among: readonly ListedContainer[]): Upstream | null {
  if (container.state === 'exited') return null;
  const home = among.find(({ id }) => id === sandboxOf(container)) ?? container;
  const [host] = Object.values(home.addresses);
  return host ? { kind: 'http', host, port: Number(container.labels[portLabel]) } : null;
}
