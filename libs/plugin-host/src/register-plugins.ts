import type { PluginInfo, Problem } from '@pierhead/model';
import { addManifests, checkManifests, createRegistries, type Manifests, type Registries } from '@pierhead/registry';
import { isolatedManifests } from './isolated-manifests.js';
import type { Isolation } from './isolation.js';
import type { ReadPlugin } from './plugin-as-read.js';
import { pluginInfo } from './plugin-info.js';

export interface Registered {
  registries: Registries;
  infos: PluginInfo[];
  /** Of the plugins, isolated; also of those that were left out. */
  manifests: Manifests[];
}

/** Registers plugins beside the built-in entries, each as a whole or not at all. */
export function registerPlugins(builtIn: Manifests, plugins: readonly ReadPlugin[], isolation: Isolation): Registered {
  const registries = createRegistries(builtIn);
  const read = plugins.map((plugin) => checkPlugin(plugin, isolation));
  const infos = plugins.map((plugin, index) => {
    const { manifests, problems } = read[index]!;
    return pluginInfo(plugin, manifests, problems.length > 0 ? problems : addManifests(registries, manifests));
  });
  return { registries, infos, manifests: read.map(({ manifests }) => manifests) };
}

interface Checked {
  manifests: Manifests;
  problems: Problem[];
}

const checked = new WeakMap<ReadPlugin, Checked>();

/** Only what has been found sound is taken for manifests. Once for each: a service does it while it waits for more. */
export function checkPlugin(plugin: ReadPlugin, isolation: Isolation): Checked {
  const known = checked.get(plugin) ?? manifestsOf(plugin, isolation);
  checked.set(plugin, known);
  return known;
}

function manifestsOf(plugin: ReadPlugin, isolation: Isolation): Checked {
  const lists = isolatedManifests(plugin, isolation);
  const problems = plugin.problems.length > 0 ? plugin.problems : checkManifests(lists);
  const sound = problems.length > 0 ? {} : (lists as unknown as Partial<Manifests>);
  return { manifests: { providers: [], builders: [], runtimes: [], ...sound }, problems };
}
