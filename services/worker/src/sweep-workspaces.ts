import { renameSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerContext } from './worker-context.js';
import { deploymentOf } from './workspace-name.js';

const remove = (path: string) => rm(path, { recursive: true, force: true });

/** Deletes the workspaces of workers that are not present. Who has one was present before it: so the names are read first. */
export async function sweepWorkspaces(root: string, present: () => Promise<string[]>): Promise<void> {
  const names = await readdir(root).catch(() => []);
  const living = await present();
  const dead = names.filter((name) => !living.includes(name));
  await Promise.all(dead.map((name) => remove(join(root, name))));
}

const doomed = 'gone-';

/** Deletes this worker's own workspaces of deployments that have ended. */
export async function sweepOwnWorkspaces(
  { workspaces, deployments }: Pick<WorkerContext, 'workspaces' | 'deployments'>,
  active: ReadonlyMap<string, unknown>,
): Promise<void> {
  const names = await readdir(workspaces).catch(() => []);
  const owned = names.flatMap((name) => {
    const id = deploymentOf(name);
    return id ? [{ name, id }] : [];
  });
  const unfinished = await deployments.unfinished(owned.map(({ id }) => id));
  for (const { name, id } of owned)
    if (!unfinished.includes(id) && !active.has(id))
      renameSync(join(workspaces, name), join(workspaces, `${doomed}${name}`));
  const left = (await readdir(workspaces).catch(() => [])).filter((name) => name.startsWith(doomed));
  await Promise.all(left.map((name) => remove(join(workspaces, name))));
}
