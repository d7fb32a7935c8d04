import type { Problem } from '@pierhead/model';
import { pointer } from '@pierhead/model/json-pointer';
import type { ReadManifest } from './plugin-as-read.js';
import { reasonOf } from './reason.js';

type Values = Record<string, unknown>;

const functions = ['load', 'migrateConfig'];
const maxJson = 1_000_000;

/** A plugin's lists of manifests as plain JSON; what cannot be copied is a problem. */
export function copyExports(module: object) {
  const problems: Problem[] = [];
  const exported: Record<string, (ReadManifest | null)[]> = {};
  for (const [key, value] of exportsOf(module)) {
    if (!Array.isArray(value)) continue;
    exported[key] = value.map((manifest, index) => copyManifest(manifest, pointer(key, index), problems));
  }
  return { exported, problems };
}

/** Named exports, and the keys of the default one. */
export function exportsOf(module: object): [string, unknown][] {
  const { default: whole, ...named } = module as { default?: unknown };
  return Object.entries({ ...(typeof whole === 'object' ? whole : {}), ...named });
}

function copyManifest(manifest: unknown, path: string, problems: Problem[]): ReadManifest | null {
  if (typeof manifest !== 'object' || manifest === null) return null;
  const copy: ReadManifest = { facts: {}, functions: [] };
  for (const key of Object.keys(manifest)) copyValue(manifest as Values, key, copy, path + pointer(key), problems);
  return copy;
}

function copyValue(manifest: Values, key: string, copy: ReadManifest, path: string, problems: Problem[]): void {
  try {
    const value = manifest[key];
    if (typeof value === 'function' && functions.includes(key)) return void copy.functions.push(key);
    const json = JSON.stringify(value) as string | undefined;
    if (json && json.length > maxJson) throw new Error(`it has ${json.length} characters, more than ${maxJson}`);
    if (json !== undefined) copy.facts[key] = JSON.parse(json);
  } catch (error) {
    const message = `This cannot be written as JSON: ${reasonOf(error)}`;
    problems.push({ path, code: 'invalid_manifest', message });
  }
}
