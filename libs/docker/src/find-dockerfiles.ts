import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const looksLikeOne = /^(dockerfile([.-][\w.-]+)?|[\w.-]+\.dockerfile|containerfile)$/i;
const maxDepth = 3;
const maxFound = 5;

/** Paths under `source`, up to three folders deep, that are Dockerfiles by their name. */
export async function findDockerfiles(source: string, folder = '.', depth = 0): Promise<string[]> {
  const entries = await readdir(join(source, folder), { withFileTypes: true }).catch(() => []);
  const found = entries
    .filter((entry) => entry.isFile() && looksLikeOne.test(entry.name) && !entry.name.endsWith('.dockerignore'))
    .map((entry) => join(folder, entry.name));
  for (const entry of entries) {
    if (found.length >= maxFound || depth >= maxDepth) break;
    if (!entry.isDirectory() || entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    found.push(...(await findDockerfiles(source, join(folder, entry.name), depth + 1)));
  }
  return found.slice(0, maxFound);
}
