import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallContext } from '@pierhead/model';
import type { WorkerContext } from './worker-context.js';

const limitMs = 60_000;

/** Runs work that belongs to no deployment, with a minute's time and a workspace that goes afterwards. */
export async function withTaskContext<T>(
  { workspaces, storage, host }: Pick<WorkerContext, 'workspaces' | 'storage' | 'host'>,
  work: (context: CallContext) => Promise<T>,
): Promise<T> {
  const workspace = await mkdtemp(join(workspaces, 'task-'));
  try {
    return await work({ log: () => {}, signal: AbortSignal.timeout(limitMs), workspace, storage, host });
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** For calls that belong to no deployment and need no workspace of their own. */
export const callContextOf = ({ workspaces, storage, host }: WorkerContext, signal: AbortSignal): CallContext => ({
  log: () => {},
  signal,
  workspace: workspaces,
  storage,
  host,
});
