import { placeOf } from './place-of.js';
import { exportsOf } from './plugin-exports.js';
import type { PluginPart } from './thread-messages.js';

export type Methods = Record<string, unknown> & Record<string, (...args: unknown[]) => unknown>;

/** Imports a plugin, and finds in it the manifest that was read before, and the one instance of this thread. */
export async function findPart({ entry, kind, id, version }: PluginPart) {
  const exported = Object.fromEntries(exportsOf(await placed(entry, () => import(entry))));
  const list = exported[`${kind}s`];
  const manifest = (Array.isArray(list) ? list : []).find((each) => each?.id === id && each?.version === version);
  if (!manifest) throw new Error(`it has no ${kind} "${id}" ${version} any more; reload the plugins`);
  let made: Promise<Methods> | undefined;
  return {
    manifest: manifest as Methods,
    instance() {
      made ??= makeInstance(manifest, entry);
      return made;
    },
  };
}

async function makeInstance(manifest: { load(): Promise<unknown> }, entry: string): Promise<Methods> {
  const make = await placed(entry, () => manifest.load());
  if (typeof make !== 'function')
    throw new Error(`load() answered ${shown(make)}, not a function that makes an instance`);
  const instance = await make();
  if (typeof instance !== 'object' || instance === null)
    throw new Error(`the function that load() answered made ${shown(instance)}, not an instance`);
  return instance;
}

/** An import that fails says where. */
async function placed<T>(entry: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const place = placeOf(error, entry);
    if (place && error instanceof Error) error.message += place;
    throw error;
  }
}

const shown = (value: unknown) => (typeof value === 'object' && value !== null ? 'an object' : String(value));

const mostMethods = 200;

/** The names of all functions of an instance, those of its classes too. */
export function methodNames(instance: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = instance; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  names.delete('constructor');
  return [...names].filter((name) => typeof (instance as Methods)[name] === 'function').slice(0, mostMethods);
}
