import type { PluginInfo } from '@pierhead/model';
import type { Manifests } from '@pierhead/registry';
import { unread } from './plugin-as-read.js';
import { pluginLimits as limits } from './plugin-limits.js';
import { readPlugins } from './read-plugins.js';
import { Threads } from './threads.js';

interface OpenPlugin {
  info: PluginInfo;
  manifests: Manifests;
  /** Ends every thread. */
  close(): Promise<void>;
}

/** Reads one plugin as a service would, without a service around it. */
export async function openPlugin(source: string, directory: string): Promise<OpenPlugin> {
  const threads = new Threads();
  const [plugin = unread(source)] = await readPlugins([source], { directory, limits, threads });
  const { registerPlugins } = await import('./register-plugins.js');
  const none = { providers: [], builders: [], runtimes: [] };
  const { infos, manifests } = registerPlugins(none, [plugin], { limits, threads });
  return { info: infos[0]!, manifests: manifests[0]!, close: () => threads.endAll() };
}
