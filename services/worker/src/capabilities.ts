import {
  type Builder,
  type Capabilities,
  type Capability,
  type EntryKind,
  entryKinds,
  type HostSettings,
  type PluginInfo,
  type Unavailable,
  WorldError,
} from '@pierhead/model';
import type { RegistrySource } from '@pierhead/plugin-host';
import type { Registries } from '@pierhead/registry';
import { failureOf } from './failure.js';
import { dispose } from './look-up.js';
import type { WorkerContext } from './worker-context.js';

type Settings = Pick<WorkerContext, 'host' | 'logger'>;
type Asked = Parameters<typeof dispose>[0];

interface Entry {
  kind: EntryKind;
  id: string;
  version: string;
  open(): Promise<Asked>;
}

const limitMs = 5_000;
/** Each question to a plugin may start a thread. */
const pluginsAtOnce = 4;

/** What this machine can fetch, build and run with the entries that come with Pierhead, in every version. */
export async function builtInCapabilities(source: RegistrySource, settings: Settings): Promise<Capabilities> {
  const entries = entriesOf(source.current()).filter((entry) => !isOfPlugin(entry, source.plugins()));
  return byKind(await Promise.all(entries.map(async (entry) => [entry.kind, await ask(entry, settings)] as const)));
}

/** The same of plugins: asked a few at a time. */
export async function pluginCapabilities(source: RegistrySource, settings: Settings): Promise<Capabilities> {
  const entries = entriesOf(source.current()).filter((entry) => isOfPlugin(entry, source.plugins()));
  const found: (readonly [EntryKind, Capability])[] = [];
  const askNext = async (): Promise<void> => {
    for (let entry = entries.shift(); entry; entry = entries.shift()) {
      found.push([entry.kind, await ask(entry, settings)]);
    }
  };
  await Promise.all(Array.from({ length: pluginsAtOnce }, askNext));
  return byKind(found);
}

/** What the builders say of this machine. */
interface BuilderRemarks {
  /** The folders that building fills. */
  filled: string[];
  notices: string[];
}

/** What the builders say of this machine. One that does not say is left out: it may not be usable either. */
export async function builderRemarks(source: RegistrySource, { host, logger }: Settings): Promise<BuilderRemarks> {
  const [filled, notices] = [new Set<string>(), new Set<string>()];
  const context = { host, signal: AbortSignal.timeout(limitMs) };
  for (const { kind, open } of entriesOf(source.current())) {
    if (kind !== 'builder') continue;
    const builder = (await open().catch(() => null)) as Builder | null;
    for (const folder of (await builder?.fills?.(context).catch(() => [])) ?? []) filled.add(folder);
    for (const notice of (await builder?.notices?.(context).catch(() => [])) ?? []) notices.add(notice);
    await dispose(builder, logger);
  }
  return { filled: [...filled], notices: [...notices] };
}

/** Both together. */
export const joinCapabilities = (one: Capabilities, other: Capabilities): Capabilities => ({
  providers: [...one.providers, ...other.providers],
  builders: [...one.builders, ...other.builders],
  runtimes: [...one.runtimes, ...other.runtimes],
});

const isOfPlugin = ({ kind, id, version }: Entry, plugins: readonly PluginInfo[]) =>
  plugins.some(({ entries }) =>
    entries.some((each) => each.kind === kind && each.id === id && each.version === version),
  );

function entriesOf({ providers, builders, runtimes }: Registries): Entry[] {
  const each = (kind: EntryKind, all: { id: string; versions: string[] }[], open: Registry['open']): Entry[] =>
    all.flatMap(({ id, versions }) =>
      versions.map((version) => ({ kind, id, version, open: () => open(id, version) })),
    );
  return [
    ...each('provider', providers.getAllProviders(), (id, version) => providers.getProvider(id, version)),
    ...each('builder', builders.getAllBuilders(), (id, version) => builders.getBuilder(id, version)),
    ...each('runtime', runtimes.getAllRuntimes(), (id, version) => runtimes.getRuntime(id, version)),
  ];
}

interface Registry {
  open(id: string, version: string): Promise<Asked>;
}

/** One that cannot be loaded, or does not answer, cannot be used. */
async function ask({ id, version, open }: Entry, { host, logger }: Settings): Promise<Capability> {
  let instance: Asked = null;
  try {
    instance = await open();
    const reason = await answer(instance, host);
    return { id, version, available: reason === null, reason };
  } catch (error) {
    const { code, message, hint } = failureOf(error, null);
    return { id, version, available: false, reason: { code, message, hint: hint ?? '' } };
  } finally {
    await dispose(instance, logger);
  }
}

async function answer(instance: Asked, host: HostSettings): Promise<Unavailable | null> {
  if (!instance?.unavailable) return null;
  const signal = AbortSignal.timeout(limitMs);
  const late = new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(tooLate()), { once: true }),
  );
  return (await Promise.race([instance.unavailable({ host, signal }), late])) ?? null;
}

const tooLate = () =>
  new WorldError('plugin_timeout', `It did not say within ${limitMs / 1_000} s whether it can be used here.`);

const byKind = (found: readonly (readonly [EntryKind, Capability])[]): Capabilities => {
  const of = (wanted: EntryKind) =>
    found
      .filter(([kind]) => kind === wanted)
      .map(([, capability]) => capability)
      .toSorted((a, b) => a.id.localeCompare(b.id));
  const [providers, builders, runtimes] = entryKinds.map(of) as [Capability[], Capability[], Capability[]];
  return { providers, builders, runtimes };
};
