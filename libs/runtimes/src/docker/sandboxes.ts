import { randomUUID } from 'node:crypto';
import {
  createContainer,
  deploymentLabel,
  type Engine,
  inspectContainer,
  type ListedContainer,
  listContainers,
  makePauseImage,
  ownLabels,
  pauseCommand,
  pauseImage,
  removeContainer,
  serviceLabels,
  startContainer,
  statusOf,
} from '@pierhead/docker';
import { type CallContext, type Identity, WorldError } from '@pierhead/model';
import { ensureNetwork, networkName } from './service-network.js';

type Place = Pick<Identity, 'serviceId' | 'environment'>;

/**
 * A pause container, whose network a replica joins: making one takes longer than all else of a start, and can be done
 * before there is an image. It keeps its address while the app starts again.
 */
export interface Sandbox {
  id: string;
  address: string;
}

const sandboxLabel = 'pierhead.sandbox';
const mebibyte = 1_048_576;
const notFound = 404;

/** Whatever a replica or a command has inherited of its image's labels. */
export const isSandbox = ({ labels }: Pick<ListedContainer, 'labels'>) =>
  sandboxLabel in labels && !(deploymentLabel in labels);

/** The network mode of what runs in it. */
export const inside = (id: string) => `container:${id}`;

/** The sandbox that a container runs in; null for one with a network of its own. */
export const sandboxOf = ({ networkMode }: Pick<ListedContainer, 'networkMode'>) =>
  networkMode.startsWith('container:') ? networkMode.slice('container:'.length) : null;

/** As many sandboxes as wanted that nothing runs in: those that lie ready, and new ones. */
export async function takeSandboxes(
  engine: Engine,
  place: Place,
  count: number,
  context: CallContext,
): Promise<Sandbox[]> {
  const found = await listContainers(engine, serviceLabels(place), context.signal);
  const ready = unused(found).flatMap((each) => {
    const address = each.addresses[networkName(place)];
    return each.state === 'running' && address ? [{ id: each.id, address }] : [];
  });
  const missing = Math.max(0, count - ready.length);
  if (missing > 0) await ensureNetwork(engine, place, context);
  const made = await Promise.all(Array.from({ length: missing }, () => makeSandbox(engine, place, context)));
  return [...ready, ...made].slice(0, count);
}

/** Of containers, the sandboxes that none of them runs in. */
function unused(containers: readonly ListedContainer[]): ListedContainer[] {
  const used = new Set(containers.map(sandboxOf));
  return containers.filter((each) => isSandbox(each) && !used.has(each.id));
}

async function makeSandbox(engine: Engine, place: Place, context: CallContext): Promise<Sandbox> {
  const id = await createSandbox(engine, place, context);
  try {
    await startContainer(engine, id, context.signal);
    const address = (await inspectContainer(engine, id, context.signal))?.addresses[networkName(place)];
    if (address) return { id, address };
  } catch (error) {
    await removeSandbox(engine, id).catch(() => {});
    throw error;
  }
  throw new WorldError('app_has_no_address', `The engine gave no address in the network ${networkName(place)}`);
}

async function createSandbox(engine: Engine, place: Place, { host, signal }: CallContext): Promise<string> {
  const labels = { ...ownLabels(host.installation), ...serviceLabels(place), [sandboxLabel]: 'true' };
  const settings = {
    Image: pauseImage,
    Cmd: pauseCommand,
    // Its program handles no signal.
    StopSignal: 'SIGKILL',
    Labels: labels,
    HostConfig: {
      NetworkMode: networkName(place),
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      ReadonlyRootfs: true,
      PidsLimit: 16,
      Memory: 16 * mebibyte,
      MemorySwap: 16 * mebibyte,
      RestartPolicy: { Name: 'unless-stopped' },
      LogConfig: { Type: 'none', Config: {} },
    },
  };
  const name = `pierhead-sandbox-${place.serviceId.slice(-12)}-${randomUUID().slice(0, 8)}`;
  // A creation is not aborted: its id would be lost.
  try {
    return await createContainer(engine, name, settings);
  } catch (error) {
    if (statusOf(error) !== notFound) throw error;
    await makePauseImage(engine, signal);
    return createContainer(engine, name, settings);
  }
}

export const removeSandbox = (engine: Engine, id: string, signal?: AbortSignal) =>
  removeContainer(engine, id, 0, signal);

const keptReady = 8;
const readyMs = 60 * 60_000;

/** Removes the sandboxes that have lain ready for long, and all but the newest few. */
export async function removeIdleSandboxes(engine: Engine, { host, signal }: CallContext): Promise<void> {
  const idle = unused(await listContainers(engine, ownLabels(host.installation), signal));
  const newestFirst = idle.toSorted((a, b) => b.madeAt - a.madeAt);
  for (const [index, { id, madeAt }] of newestFirst.entries())
    if (index >= keptReady || Date.now() - madeAt > readyMs) await removeSandbox(engine, id, signal);
}
