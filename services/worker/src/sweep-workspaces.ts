import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Deletes the workspaces of workers that no longer live. */
export async function sweepWorkspaces(root: string, living: string[]): Promise<void> {
  const names = await readdir(root).catch(() => []);
  const dead = names.filter((name) => !living.includes(name));
  await Promise.all(dead.map((name) => rm(join(root, name), { recursive: true, force: true })));
}
