import type { PluginInfo } from '@pierhead/model';
import type { Manifests, Registries } from '@pierhead/registry';
import type { Isolation } from './isolation.js';
import type { ReadPlugin } from './plugin-as-read.js';
import { type PluginLimits, pluginLimits } from './plugin-limits.js';
import { readPlugins } from './read-plugins.js';
import type { ByPlugin, Registered } from './register-plugins.js';
import { Slots } from './slots.js';
import { Threads } from './threads.js';

/** Where a process gets its registries: the built-in entries and those of plugins. */
export interface RegistrySource {
  /** An immutable set; a reload swaps it, and whoever holds the old one keeps using it. */
  current(): Registries;
  plugins(): PluginInfo[];
  /** Reads every plugin anew, from after the call on: those that wait for a run to end share the next. */
  reload(): Promise<PluginInfo[]>;
  onReload(listener: () => void): void;
  /** Ends every thread; calls under way fail. */
  close(): Promise<void>;
}

export interface RegistrySourceOptions {
  /** May still be on its way: the plugins are read meanwhile. */
  builtIn: Manifests | Promise<Manifests>;
  /** Package names, or folders that begin with `/` or `.`. */
  plugins: readonly string[];
  logger: { warn(details: object, message: string): void; info(details: object, message: string): void };
  /** Where names and relative folders are looked up from; the working directory by default. */
  directory?: string;
  limits?: Partial<PluginLimits>;
  threads?: Threads;
}

/**
 * Rejects with every fault of the built-in manifests; a plugin's faults are told by `plugins()` and logged, and after a
 * reload it keeps what it had in the place of what is faulty.
 */
export async function createRegistrySource(options: RegistrySourceOptions): Promise<RegistrySource> {
  const { threads = new Threads(), logger } = options;
  const listeners: (() => void)[] = [];
  const limits = { ...pluginLimits, ...options.limits };
  const isolation = { limits, threads, calls: new Slots(limits.callsAtOnce) };
  const load = (before?: ByPlugin) => loadAll(options, isolation, before);
  let loaded = await load();
  let running: Promise<PluginInfo[]> = Promise.resolve([]);
  let next: Promise<PluginInfo[]> | null = null;

  const reload = async () => {
    loaded = await load(loaded.manifests);
    logger.info({ plugins: loaded.infos.length }, 'the plugins were read anew');
    for (const listener of listeners) listener();
    return loaded.infos;
  };
  return {
    current: () => loaded.registries,
    plugins: () => loaded.infos,
    reload() {
      next ??= Promise.allSettled([running]).then(() => {
        next = null;
        running = reload();
        return running;
      });
      return next;
    },
    onReload: (listener) => void listeners.push(listener),
    close: () => threads.endAll(),
  };
}

/** The plugins begin to be read before anything else is done: even the registries are imported meanwhile. */
async function loadAll(options: RegistrySourceOptions, isolation: Isolation, before?: ByPlugin): Promise<Registered> {
  const { directory = process.cwd(), logger } = options;
  const registering = import('./register-plugins.js');
  const onRead = (plugin: ReadPlugin) => void registering.then(({ checkPlugin }) => checkPlugin(plugin, isolation));
  const plugins = await readPlugins([...new Set(options.plugins)], { ...isolation, directory, onRead });
  const { registerPlugins } = await registering;
  const registered = registerPlugins(await options.builtIn, plugins, isolation, before);
  for (const { source, problems, entries } of registered.infos)
    if (problems.length > 0) logger.warn({ plugin: source, problems, entries }, 'a plugin has faults');
  return registered;
}
