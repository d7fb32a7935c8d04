import { WorldError } from '@pierhead/model';
import type { NetworkInspectInfo } from 'dockerode';
import { callEngine } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';
import { freeSubnets } from './subnets.js';

export interface NetworkState {
  name: string;
  labels: Record<string, string>;
  /** When it was made, in milliseconds since 1970. */
  madeAt: number;
  /** The ids of the running containers in it. */
  members: string[];
}

export interface NewNetwork {
  name: string;
  labels: Record<string, string>;
  /** Where its addresses come from, such as `198.18.0.0/15`: the engine's own ranges last for some thirty networks only. */
  range: string;
}

const forbidden = 403;
const notFound = 404;

/** Makes a bridge network; one of that name that is there already is fine. Throws WorldError when the range is used up. */
export async function createNetwork(engine: Engine, wanted: NewNetwork, signal?: AbortSignal): Promise<void> {
  const { name, labels, range } = wanted;
  for (const subnet of freeSubnets(range, await usedSubnets(engine, signal))) {
    const ipam = { Driver: 'default', Config: [{ Subnet: subnet }] };
    const body = { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: labels, IPAM: ipam };
    try {
      await callEngine(engine, { method: 'POST', path: '/networks/create', body, signal });
      return;
    } catch (error) {
      if (statusOf(error) === 409) return;
      // Somebody else took the subnet meanwhile.
      if (statusOf(error) !== forbidden) throw error;
    }
  }
  throw new WorldError('docker_subnets_used_up', `No subnet is left of ${range} for the network of one more service`, {
    hint: 'Give PIERHEAD_DOCKER_SUBNETS a larger range, or remove services that nobody needs.',
  });
}

/** The network, or null when there is none of that name. */
export async function inspectNetwork(engine: Engine, name: string, signal?: AbortSignal): Promise<NetworkState | null> {
  try {
    const path = `/networks/${encodeURIComponent(name)}`;
    return stateOf(await callEngine<NetworkInspectInfo>(engine, { method: 'GET', path, signal }));
  } catch (error) {
    if (statusOf(error) === notFound) return null;
    throw error;
  }
}

/** The names of the networks that carry all of `labels`, and when each was made; who is in them is not asked. */
export async function listNetworks(
  engine: Engine,
  labels: Record<string, string>,
  signal?: AbortSignal,
): Promise<Omit<NetworkState, 'members'>[]> {
  const filters = { label: Object.entries(labels).map(([key, value]) => `${key}=${value}`) };
  const call = { method: 'GET', path: '/networks', query: { filters }, signal } as const;
  return (await callEngine<NetworkInspectInfo[]>(engine, call)).map(stateOf);
}

/** Lets a container into a network; one that is in it already is fine. */
export function joinNetwork(engine: Engine, name: string, id: string, signal?: AbortSignal): Promise<void> {
  const path = `/networks/${encodeURIComponent(name)}/connect`;
  return unlessRefused(callEngine(engine, { method: 'POST', path, body: { Container: id }, signal }));
}

/** Puts a container out of a network; one that is not in it is fine. */
export function leaveNetwork(engine: Engine, name: string, id: string, signal?: AbortSignal): Promise<void> {
  const path = `/networks/${encodeURIComponent(name)}/disconnect`;
  return unlessRefused(callEngine(engine, { method: 'POST', path, body: { Container: id, Force: true }, signal }));
}

/** Removes a network, unless it is gone or a container is in it. */
export const removeNetwork = (engine: Engine, name: string, signal?: AbortSignal): Promise<void> =>
  unlessRefused(callEngine(engine, { method: 'DELETE', path: `/networks/${encodeURIComponent(name)}`, signal }));

/** Gone, already so and still in use are no failures. */
async function unlessRefused(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (![forbidden, notFound].includes(statusOf(error) ?? 0)) throw error;
  }
}

async function usedSubnets(engine: Engine, signal?: AbortSignal): Promise<string[]> {
  const all = await callEngine<NetworkInspectInfo[]>(engine, { method: 'GET', path: '/networks', signal });
  return all.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []));
}

const stateOf = ({ Name, Labels, Created, Containers }: NetworkInspectInfo): NetworkState => ({
  name: Name,
  labels: Labels ?? {},
  madeAt: Date.parse(Created) || 0,
  members: Object.keys(Containers ?? {}),
});
