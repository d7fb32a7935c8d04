import { renameSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerContext } from './worker-context.js';

const remove = (path: string) => rm(path, { recursive: true, force: true });

/** Deletes the workspaces of workers that are not present. */
export async function sweepWorkspaces(root: string, present: string[]): Promise<void> {
  const names = await readdir(root).catch(() => []);
  const dead = names.filter((name) => !present.includes(name));
  await Promise.all(dead.map((name) => remove(join(root, name))));
}

const deploymentId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const doomed = 'gone-';

/** Deletes this worker's own workspaces of deployments that have ended. */
export async function sweepOwnWorkspaces(
  { workspaces, deployments }: Pick<WorkerContext, 'workspaces' | 'deployments'>,
  active: ReadonlyMap<string, unknown>,
): Promise<void> {
  const names = await readdir(workspaces).catch(() => []);
  const ids = names.filter((name) => deploymentId.test(name));
  const unfinished = await deployments.unfinished(ids);
  for (const id of ids.filter((each) => !unfinished.includes(each) && !active.has(each)))
    renameSync(join(workspaces, id), join(workspaces, `${doomed}${id}`));
  const left = (await readdir(workspaces).catch(() => [])).filter((name) => name.startsWith(doomed));
  await Promise.all(left.map((name) => remove(join(workspaces, name))));
}
