import type { DeploymentColumns } from '@pierhead/database';
import {
  type Builder,
  type Capability,
  type EntryKind,
  messageOf,
  type Provider,
  type Runtime,
  UserError,
  WorldError,
} from '@pierhead/model';
import type { Registries } from '@pierhead/registry';
import type { WorkerContext } from './worker-context.js';

/** An entry of a registry, as a service names it. */
interface Wanted {
  kind: EntryKind;
  id: string;
  version: string;
}

type Instance = Provider | Builder | Runtime;

/** What one deployment has of the registries. A reload meanwhile changes nothing for it. */
export interface LookUp {
  /** Throws UserError where an entry is unknown, gone in this version, switched off or not usable on this machine; WorldError where it was usable before. */
  parts(wanted: Pick<DeploymentColumns, 'snapshot' | 'rollbackOf'>): Promise<Parts>;
  provider(id: string, version: string): Promise<Provider>;
  /** Disposes of every instance. Never throws. */
  release(): Promise<void>;
}

interface Parts {
  runtime: Runtime;
  /** Null where nothing is fetched and built: a release is brought back. */
  made: { provider: Provider; builder: Builder } | null;
}

type UnderWay = Pick<DeploymentColumns, 'id' | 'attempt'>;

const askLimitMs = 10_000;
const disposeLimitMs = 5_000;

/** Opens the registries as they are now; every question is recorded under the deployment. */
export function openLookUp({ id: deploymentId, attempt }: UnderWay, worker: WorkerContext): LookUp {
  const { providers, builders, runtimes } = worker.source.current();
  const versionsOf = shelves({ providers, builders, runtimes });
  const held: Instance[] = [];

  const hold = async <I extends Instance>(wanted: Wanted, opening: Promise<I | null>): Promise<I> => {
    const instance = await opening;
    if (!instance) throw unknown(wanted);
    held.push(instance);
    await assertUsable(instance, wanted, attempt, worker);
    return instance;
  };

  /** Records the questions and throws for the first that has no good answer. */
  const examine = async (wanted: readonly Wanted[]): Promise<void> => {
    const has = ({ kind, id, version }: Wanted) => versionsOf[kind](id).includes(version);
    const lookups = wanted.map((each) => ({
      kind: each.kind,
      entryId: each.id,
      version: each.version,
      found: has(each),
    }));
    const [disabled] = await Promise.all([
      worker.disabled.list(),
      worker.lookups.record(deploymentId, worker.id, lookups),
    ]);
    for (const each of wanted) {
      const versions = versionsOf[each.kind](each.id);
      if (versions.length === 0) throw unknown(each);
      if (!versions.includes(each.version)) throw versionGone(each, versions);
      if (disabled.some(({ kind, entryId }) => kind === each.kind && entryId === each.id)) throw switchedOff(each);
    }
  };

  return {
    async parts({ snapshot, rollbackOf }) {
      const p = { kind: 'provider', id: snapshot.providerId, version: snapshot.providerVersion } as const;
      const b = { kind: 'builder', id: snapshot.builderId, version: snapshot.builderVersion } as const;
      const r = { kind: 'runtime', id: snapshot.runtimeId, version: snapshot.runtimeVersion } as const;
      await examine(rollbackOf ? [r] : [p, b, r]);
      const made = rollbackOf
        ? null
        : {
            provider: await hold(p, providers.getProvider(p.id, p.version)),
            builder: await hold(b, builders.getBuilder(b.id, b.version)),
          };
      return { made, runtime: await hold(r, runtimes.getRuntime(r.id, r.version)) };
    },
    async provider(id, version) {
      const wanted = { kind: 'provider', id, version } as const;
      await examine([wanted]);
      return hold(wanted, providers.getProvider(id, version));
    },
    async release() {
      await Promise.all(held.splice(0).map((instance) => dispose(instance, worker.logger)));
    },
  };
}

/**
 * The runtime that a deployment was started with, or a newer one of its id where that version is gone; null where this
 * worker has none. Whoever asks disposes of it.
 */
export async function runtimeOf(
  { snapshot }: Pick<DeploymentColumns, 'snapshot'>,
  worker: WorkerContext,
): Promise<Runtime | null> {
  const { runtimes } = worker.source.current();
  const { runtimeId, runtimeVersion } = snapshot;
  return (await runtimes.getRuntime(runtimeId, runtimeVersion)) ?? runtimes.getRuntime(runtimeId);
}

/** Lets go of an instance; whatever goes wrong is its own affair. */
export async function dispose(instance: Instance | null | undefined, logger: WorkerContext['logger']): Promise<void> {
  if (!instance?.dispose) return;
  const limit = new AbortController();
  const late = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, disposeLimitMs);
    limit.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    await Promise.race([instance.dispose(), late]);
  } catch (error) {
    logger.warn({ err: error }, `an instance could not be disposed of: ${messageOf(error)}`);
  } finally {
    limit.abort();
  }
}

/** The versions of an entry that there are, by its kind. */
const shelves = ({ providers, builders, runtimes }: Registries): Record<EntryKind, (id: string) => string[]> => ({
  provider: (id) => providers.getProviderMetadata(id)?.versions ?? [],
  builder: (id) => builders.getBuilderMetadata(id)?.versions ?? [],
  runtime: (id) => runtimes.getRuntimeMetadata(id)?.versions ?? [],
});

/**
 * Asks again only where the last heartbeat saw a fault: it may have been mended since. What a deployment was under way
 * with before may come back.
 */
async function assertUsable(
  instance: Instance,
  { kind, id, version }: Wanted,
  attempt: number,
  worker: WorkerContext,
): Promise<void> {
  const known: Capability[] = worker.capabilities[`${kind}s`];
  if (known.some((each) => each.id === id && each.version === version && each.available)) return;
  const signal = AbortSignal.timeout(askLimitMs);
  const reason = await instance.unavailable?.({ host: worker.host, signal }).catch((error) => {
    throw isLate(error) ? noAnswer({ kind, id, version }) : error;
  });
  if (!reason) return;
  const Failure = attempt > 1 ? WorldError : UserError;
  throw new Failure(reason.code, reason.message, { hint: reason.hint });
}

const isLate = (error: unknown) => error instanceof Error && error.name === 'TimeoutError';

const noAnswer = ({ kind, id }: Wanted) =>
  new UserError(
    'plugin_timeout',
    `The ${kind} \u201c${id}\u201d did not say within ${askLimitMs / 1_000} seconds whether it can be used.`,
    { hint: 'It may hang while its implementation is imported. Tell its author, or install another version.' },
  );

export const unknown = ({ kind, id }: Pick<Wanted, 'kind' | 'id'>) =>
  new UserError(`${kind}_unknown`, `This worker has no ${kind} \u201c${id}\u201d.`, {
    hint: `Choose another ${kind} for the service, or install the missing one on every worker; GET /plugins tells what could not be loaded.`,
  });

const versionGone = ({ kind, id, version }: Wanted, versions: readonly string[]) =>
  new UserError(`${kind}_version_gone`, `This worker has no version ${version} of the ${kind} \u201c${id}\u201d.`, {
    hint: `There is ${versions.join(', ')}: give the service one of these, or install the missing one on every worker.`,
  });

const switchedOff = ({ kind, id }: Wanted) =>
  new UserError(`${kind}_disabled`, `The ${kind} \u201c${id}\u201d is switched off.`, {
    hint: `Choose another ${kind} for the service, or ask an administrator to switch it on again.`,
  });
