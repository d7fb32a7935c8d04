import {
  createNetwork,
  type Engine,
  inspectNetwork,
  joinNetwork,
  leaveNetwork,
  listContainers,
  listNetworks,
  networkJoins,
  ownLabels,
  removeNetwork,
  serviceLabels,
} from '@pierhead/docker';
import type { CallContext, HostSettings, Identity } from '@pierhead/model';

type Place = Pick<Identity, 'serviceId' | 'environment'>;

/** Each service has a network for each of its environments; nothing of another service is in it. */
export const networkName = ({ serviceId, environment }: Place) => `pierhead-${serviceId}-${environment}`;

/** Makes the network where it is missing, and lets those in that have to reach what runs there. */
export async function ensureNetwork(engine: Engine, place: Place, { host, signal }: CallContext): Promise<string> {
  const name = networkName(place);
  if (await inspectNetwork(engine, name, signal)) return name;
  const labels = { ...ownLabels(host.installation), ...serviceLabels(place) };
  await createNetwork(engine, { name, labels, range: host.dockerSubnets }, signal);
  await letPeersIn(engine, [name], host, signal);
  return name;
}

/** Lets the containers of Pierhead itself, those in `PIERHEAD_DOCKER_NETWORK`, into networks of services. */
async function letPeersIn(
  engine: Engine,
  names: readonly string[],
  { dockerNetwork }: HostSettings,
  signal: AbortSignal,
) {
  if (!dockerNetwork) return;
  const peers = await membersOf(engine, dockerNetwork, signal);
  for (const name of names) for (const id of peers) await joinNetwork(engine, name, id, signal);
}

/** Lets each container of Pierhead that is made anew into all networks of the installation, until the signal fires. */
export async function followPeers(engine: Engine, context: CallContext, signal: AbortSignal): Promise<void> {
  const { dockerNetwork } = context.host;
  if (!dockerNetwork) return;
  const joins = networkJoins(engine, dockerNetwork, signal);
  for (let join = joins.next(); ; join = joins.next()) {
    // It may fail while nobody waits for it yet.
    join.catch(() => {});
    await letPeersInEverywhere(engine, context);
    if ((await join).done) return;
  }
}

async function letPeersInEverywhere(engine: Engine, { host, signal }: CallContext): Promise<void> {
  const networks = await listNetworks(engine, ownLabels(host.installation), signal);
  await letPeersIn(
    engine,
    networks.map((each) => each.name),
    host,
    signal,
  );
}

/** Removes a network that nothing of its service is in any more; the containers of Pierhead itself do not hold it. */
export async function releaseNetwork(engine: Engine, name: string, { host, signal }: CallContext): Promise<void> {
  const peers = host.dockerNetwork ? await membersOf(engine, host.dockerNetwork, signal) : [];
  const members = peers.length > 0 ? await membersOf(engine, name, signal) : [];
  for (const id of members.filter((each) => peers.includes(each))) await leaveNetwork(engine, name, id, signal);
  await removeNetwork(engine, name, signal);
}

const membersOf = async (engine: Engine, name: string, signal: AbortSignal) =>
  (await inspectNetwork(engine, name, signal))?.members ?? [];

const youngMs = 10 * 60_000;

/** Removes the networks that no container is in, and that are not just being moved into. */
export async function removeEmptyNetworks(engine: Engine, context: CallContext): Promise<void> {
  const { host, signal } = context;
  const labels = ownLabels(host.installation);
  const used = new Set((await listContainers(engine, labels, signal)).map((each) => networkNameOf(each.labels)));
  for (const { name, madeAt } of await listNetworks(engine, labels, signal))
    if (!used.has(name) && Date.now() - madeAt > youngMs) await releaseNetwork(engine, name, context);
}

const networkNameOf = (labels: Record<string, string>) =>
  networkName({ serviceId: labels['pierhead.service'] ?? '', environment: labels['pierhead.environment'] ?? '' });
