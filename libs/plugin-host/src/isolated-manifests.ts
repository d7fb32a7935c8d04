import type { BuilderManifest, ProviderManifest } from '@pierhead/model';
import { isolatedBuilder } from './isolated-builder.js';
import { IsolatedInstance } from './isolated-instance.js';
import { isolatedProvider } from './isolated-provider.js';
import { isolatedRuntime } from './isolated-runtime.js';
import type { Isolation } from './isolation.js';
import type { ReadManifest, ReadPlugin } from './plugin-as-read.js';

const wraps = {
  providers: (instance: IsolatedInstance, facts: ReadManifest['facts']) =>
    isolatedProvider(instance, facts as unknown as ProviderManifest),
  builders: (instance: IsolatedInstance, facts: ReadManifest['facts']) =>
    isolatedBuilder(instance, facts as unknown as BuilderManifest),
  runtimes: (instance: IsolatedInstance) => isolatedRuntime(instance),
};
const kinds = { providers: 'provider', builders: 'builder', runtimes: 'runtime' } as const;

/**
 * The lists of a plugin with functions in the places of its own, whose instances and migrations run in threads, one for
 * each instance. Nothing of it has been checked.
 */
export function isolatedManifests(plugin: ReadPlugin, isolation: Isolation): Record<string, unknown[]> {
  const lists = Object.entries(plugin.exported).map(([list, manifests]) => [
    list,
    manifests.map((manifest) => manifest && { ...manifest.facts, ...functionsOf(plugin, list, manifest, isolation) }),
  ]);
  return Object.fromEntries(lists);
}

function functionsOf(plugin: ReadPlugin, list: string, { facts, functions }: ReadManifest, isolation: Isolation) {
  if (!isKnown(list)) return {};
  const [id, version] = [String(facts.id), String(facts.version)];
  const part = { entry: plugin.entry ?? '', plugin: plugin.name ?? plugin.source, kind: kinds[list], id, version };
  const absent = new Set<string>();
  const start = () => new IsolatedInstance(part, isolation, absent);
  const load = async () => () => remembered(start(), (instance) => wraps[list](instance, facts));
  const migrateConfig = (config: object, from: string) => start().migrate(config, from);
  return { ...(functions.includes('load') && { load }), ...(functions.includes('migrateConfig') && { migrateConfig }) };
}

const instances = new WeakMap<object, IsolatedInstance>();

function remembered<T extends object>(instance: IsolatedInstance, wrap: (instance: IsolatedInstance) => T): T {
  const wrapped = wrap(instance);
  instances.set(wrapped, instance);
  return wrapped;
}

/**
 * The names of the methods that an isolated instance has in its thread: its stand-in here has those of the contract
 * whatever the plugin does. Rejects when no instance can be made.
 */
export async function methodsOf(wrapped: object): Promise<string[]> {
  return (await instances.get(wrapped)?.methods()) ?? [];
}

const isKnown = (list: string): list is keyof typeof kinds => Object.hasOwn(kinds, list);
