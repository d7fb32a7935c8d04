import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { callEngine } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';

/** The engine's own words for a new container, such as `Image`, `Env` and `HostConfig`. */
export type ContainerSettings = Record<string, unknown>;

export interface ContainerState {
  id: string;
  running: boolean;
  /** Of its first process, as the engine's machine counts; 0 while it does not run. */
  pid: number;
  /** How often the engine started it again. */
  restarts: number;
  /** It was stopped from outside: it ended, and the engine, which starts it whenever it ends by itself, leaves it so. */
  stopped: boolean;
  exitCode: number;
  outOfMemory: boolean;
  /** The id of its image. */
  image: string;
  /** Bytes; 0 where there is no limit. */
  memoryLimit: number;
  /** When it last started, RFC 3339. */
  startedAt: string;
  /** When it last ended, in seconds since 1970; of no meaning before. */
  finishedAt: number;
  /** By network. */
  addresses: Record<string, string>;
  /** Its network, or `container:<id>` for that of another container. */
  networkMode: string;
  /** Why the engine could not start it; empty otherwise. */
  startError: string;
}

export interface ListedContainer {
  id: string;
  /** Such as `created`, `running`, `restarting`, `exited`. */
  state: string;
  labels: Record<string, string>;
  addresses: Record<string, string>;
  /** Its network, or `container:<id>` for that of another container. */
  networkMode: string;
  /** When it was made, in milliseconds since 1970. */
  madeAt: number;
}

/** Creates a container and answers its id. The settings travel in the body alone: a query would leak variables. */
export async function createContainer(
  engine: Engine,
  name: string,
  settings: ContainerSettings,
  signal?: AbortSignal,
): Promise<string> {
  const call = { method: 'POST', path: '/containers/create', query: { name }, body: settings, signal } as const;
  return (await callEngine<{ Id: string }>(engine, call)).Id;
}

export async function startContainer(engine: Engine, id: string, signal?: AbortSignal): Promise<void> {
  await callEngine(engine, { method: 'POST', path: `/containers/${id}/start`, signal });
}

/** The container's state now, or null when it is gone. */
export async function inspectContainer(
  engine: Engine,
  id: string,
  signal?: AbortSignal,
): Promise<ContainerState | null> {
  try {
    const call = { method: 'GET', path: `/containers/${id}/json`, signal } as const;
    return stateOf(await callEngine<ContainerInspectInfo>(engine, call));
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** Every container, running or not, that carries all of `labels`. */
export async function listContainers(
  engine: Engine,
  labels: Record<string, string>,
  signal?: AbortSignal,
): Promise<ListedContainer[]> {
  const filters = { label: Object.entries(labels).map(([key, value]) => `${key}=${value}`) };
  const call = { method: 'GET', path: '/containers/json', query: { all: true, filters }, signal } as const;
  const found = await callEngine<ContainerInfo[]>(engine, call);
  return found.map((each) => ({
    id: each.Id,
    state: each.State,
    labels: each.Labels,
    addresses: addressesOf(each.NetworkSettings?.Networks),
    networkMode: each.HostConfig?.NetworkMode ?? '',
    madeAt: each.Created * 1_000,
  }));
}

/** Asks the container to end, and kills it after `graceSeconds`. */
export const stopContainer = (engine: Engine, id: string, graceSeconds: number, signal?: AbortSignal) =>
  unlessGone(
    callEngine(engine, { method: 'POST', path: `/containers/${id}/stop`, query: { t: graceSeconds }, signal }),
  );

/** The same, and removes it with its anonymous volumes. */
export async function removeContainer(
  engine: Engine,
  id: string,
  graceSeconds: number,
  signal?: AbortSignal,
): Promise<void> {
  await stopContainer(engine, id, graceSeconds, signal);
  const query = { force: true, v: true };
  await unlessGone(callEngine(engine, { method: 'DELETE', path: `/containers/${id}`, query, signal }));
}

/** Gone, stopped and being removed are all what was wanted. */
async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (![404, 409].includes(statusOf(error) ?? 0)) throw error;
  }
}

function stateOf(found: ContainerInspectInfo): ContainerState {
  return {
    id: found.Id,
    running: found.State.Running && !found.State.Restarting,
    pid: found.State.Pid,
    restarts: found.RestartCount,
    stopped: found.State.Status === 'exited' && found.HostConfig.RestartPolicy?.Name === 'unless-stopped',
    exitCode: found.State.ExitCode,
    outOfMemory: found.State.OOMKilled,
    image: found.Image,
    memoryLimit: found.HostConfig.Memory ?? 0,
    startedAt: found.State.StartedAt,
    finishedAt: Date.parse(found.State.FinishedAt) / 1_000,
    addresses: addressesOf(found.NetworkSettings.Networks),
    networkMode: found.HostConfig.NetworkMode ?? '',
    startError: found.State.Error,
  };
}

function addressesOf(networks: Record<string, { IPAddress?: string }> | undefined): Record<string, string> {
  const entries = Object.entries(networks ?? {}).map(([name, network]) => [name, network.IPAddress ?? ''] as const);
  return Object.fromEntries(entries.filter(([, address]) => address !== ''));
}
