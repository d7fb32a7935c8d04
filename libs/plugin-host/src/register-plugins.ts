import type { PluginInfo, Problem } from '@pierhead/model';
import { addManifests, checkManifests, createRegistries, type Manifests, type Registries } from '@pierhead/registry';
import { isolatedManifests } from './isolated-manifests.js';
import type { Isolation } from './isolation.js';
import type { ReadPlugin } from './plugin-as-read.js';
import { pluginInfo } from './plugin-info.js';

/** The entries of each plugin that are registered, isolated, by its source. */
export type ByPlugin = ReadonlyMap<string, Manifests>;

export interface Registered {
  registries: Registries;
  infos: PluginInfo[];
  manifests: ByPlugin;
}

/**
 * Registers what is sound of each plugin beside the built-in entries. A plugin with a fault keeps what it had `before`,
 * where nothing new has come in its place.
 */
export function registerPlugins(
  builtIn: Manifests,
  plugins: readonly ReadPlugin[],
  isolation: Isolation,
  before: ByPlugin = new Map(),
): Registered {
  const registries = createRegistries(builtIn);
  const manifests = new Map<string, Manifests>();
  const infos = plugins.map((plugin) => {
    const { lists, problems: own } = checkPlugin(plugin, isolation);
    const { manifests: fresh, problems } = addManifests(registries, lists, own);
    const faults = [...own, ...problems];
    const kept = addManifests(registries, (faults.length > 0 && before.get(plugin.source)) || {}).manifests;
    manifests.set(plugin.source, joined(fresh, kept));
    return pluginInfo(plugin, fresh, kept, faults);
  });
  return { registries, infos, manifests };
}

const joined = (one: Manifests, other: Manifests): Manifests => ({
  providers: [...one.providers, ...other.providers],
  builders: [...one.builders, ...other.builders],
  runtimes: [...one.runtimes, ...other.runtimes],
});

interface Checked {
  /** Also those with a fault. */
  lists: Partial<Manifests>;
  problems: Problem[];
}

const checked = new WeakMap<ReadPlugin, Checked>();

/** Once for each: a service does it while it waits for more. */
export function checkPlugin(plugin: ReadPlugin, isolation: Isolation): Checked {
  const known = checked.get(plugin) ?? listsOf(plugin, isolation);
  checked.set(plugin, known);
  return known;
}

function listsOf(plugin: ReadPlugin, isolation: Isolation): Checked {
  if (plugin.problems.some(({ path }) => path === '')) return { lists: {}, problems: plugin.problems };
  const lists = isolatedManifests(plugin, isolation);
  const told = new Set(plugin.problems.map(({ path }) => path));
  const problems = checkManifests(lists).filter(({ path }) => !told.has(path));
  return { lists: lists as unknown as Partial<Manifests>, problems: [...plugin.problems, ...problems] };
}
