import { fault, type ReadPlugin, unread } from './plugin-as-read.js';
import { type Reading, readInThread } from './read-in-thread.js';
import { exited } from './thread-failure.js';

/**
 * Reads all plugins in one thread; the answers have the order of the sources. When the thread fails, the one whose turn
 * it was and the one before it, which may have left something behind, are read alone, to find the culprit, and the rest
 * in another thread.
 */
export async function readPlugins(sources: readonly string[], reading: Reading): Promise<ReadPlugin[]> {
  const plugins: ReadPlugin[] = [];
  while (plugins.length < sources.length) {
    const left = sources.slice(plugins.length);
    const { read, failure } = await readInThread(left, reading);
    if (!failure) return [...plugins, ...read];
    const safe = read.slice(0, -1);
    plugins.push(...safe);
    for (const suspect of left.slice(safe.length, read.length + 1)) plugins.push(await readAlone(suspect, reading));
  }
  return plugins;
}

async function readAlone(source: string, reading: Reading): Promise<ReadPlugin> {
  const { read, begun, failure } = await readInThread([source], reading);
  const [plugin] = read;
  if (!failure && plugin) return plugin;
  const { code, message } = failure ?? exited(0);
  const { name, version } = begun ?? plugin ?? unread(source);
  return { ...unread(source), name, version, problems: [fault(code, `While it was loaded, the plugin ${message}.`)] };
}
