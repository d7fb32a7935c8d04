import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { locatePlugin } from './locate-plugin.js';
import { placeOf } from './place-of.js';
import { fault, type ReadPlugin, unread } from './plugin-as-read.js';
import { copyExports } from './plugin-exports.js';
import { reasonOf } from './reason.js';

/** Finds a plugin, or says why it cannot be found. */
export function findPlugin(source: string, directory: string): ReadPlugin {
  try {
    return { ...unread(source), ...locatePlugin(source, directory) };
  } catch (error) {
    return { ...unread(source), problems: [fault('plugin_not_found', `It cannot be found: ${reasonOf(error)}`)] };
  }
}

/** Imports a plugin, and copies what it exports. Runs in a thread: never in that of a service. */
export async function readPlugin(found: ReadPlugin): Promise<ReadPlugin> {
  if (!found.entry) return found;
  try {
    return { ...found, ...copyExports(await load(found.entry)) };
  } catch (error) {
    return {
      ...found,
      problems: [fault('plugin_not_loadable', `Importing it failed: ${reasonOf(error)}${placeOf(error, found.entry)}`)],
    };
  }
}

const require = createRequire(import.meta.url);

/** Without a detour through promises unless a module awaits something: many plugins are read several times as fast. */
async function load(entry: string): Promise<object> {
  try {
    return require(fileURLToPath(entry));
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    return import(entry);
  }
}
