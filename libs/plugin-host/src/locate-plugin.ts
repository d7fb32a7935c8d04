import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve as resolveImport } from 'import-meta-resolve';

interface Package {
  name?: unknown;
  version?: unknown;
  exports?: unknown;
}

export interface LocatedPlugin {
  name: string | null;
  version: string | null;
  /** The URL of its first module. */
  entry: string;
}

/** Finds a package by name as Node would from `directory`, or a folder by its path; throws when there is none. */
export function locatePlugin(source: string, directory: string): LocatedPlugin {
  const isFolder = isAbsolute(source) || source.startsWith('.');
  return isFolder ? inFolder(resolve(directory, source)) : byName(source, directory);
}

function inFolder(folder: string): LocatedPlugin {
  const file = join(folder, 'package.json');
  const found = JSON.parse(readFileSync(file, 'utf8')) as Package;
  if (typeof found.exports === 'string')
    return { ...named(found), entry: pathToFileURL(join(folder, found.exports)).href };
  if (found.exports === undefined || typeof found.name !== 'string')
    return { ...named(found), entry: pathToFileURL(createRequire(file).resolve(folder)).href };
  return { ...named(found), entry: resolveImport(found.name, pathToFileURL(file).href) };
}

function byName(name: string, directory: string): LocatedPlugin {
  const entry = resolveImport(name, pathToFileURL(join(directory, 'package.json')).href);
  return { ...named(packageAround(fileURLToPath(entry))), entry };
}

/** The nearest package.json with a name: folders inside a package may hold one that says its module type only. */
function packageAround(path: string): Package {
  const folder = dirname(path);
  if (folder === path) return {};
  const found = readPackage(join(folder, 'package.json'));
  return typeof found?.name === 'string' ? found : packageAround(folder);
}

function readPackage(file: string): Package | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Package;
  } catch {
    return null;
  }
}

const named = ({ name, version }: Package) => ({ name: textOf(name), version: textOf(version) });
const textOf = (value: unknown) => (typeof value === 'string' ? value.slice(0, 214) : null);
