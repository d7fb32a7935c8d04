import type { PluginInfo } from '@pierhead/model';
import type { Manifests } from '@pierhead/registry';
import { unread } from './plugin-as-read.js';
import { pluginLimits as limits } from './plugin-limits.js';
import { readPlugins } from './read-plugins.js';
import { Slots } from './slots.js';
import { Threads } from './threads.js';

interface OpenPlugin {
  info: PluginInfo;
  manifests: Manifests;
  /** The names of the methods that one of its instances really has; rejects when it cannot be made. */
  methodsOf(instance: object): Promise<string[]>;
  /** Ends every thread. */
  close(): Promise<void>;
}

/** Reads one plugin as a service would, without a service around it. */
export async function openPlugin(source: string, directory: string): Promise<OpenPlugin> {
  const threads = new Threads();
  const [plugin = unread(source)] = await readPlugins([source], { directory, limits, threads });
  const [{ registerPlugins }, { methodsOf }] = await Promise.all([
    import('./register-plugins.js'),
    import('./isolated-manifests.js'),
  ]);
  const none = { providers: [], builders: [], runtimes: [] };
  const { infos, manifests } = registerPlugins(none, [plugin], {
    limits,
    threads,
    calls: new Slots(limits.callsAtOnce),
  });
  return { info: infos[0]!, manifests: manifests.get(source)!, methodsOf, close: () => threads.endAll() };
}
