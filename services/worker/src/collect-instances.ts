import { instanceRepository } from '@pierhead/database';
import type { Runtime } from '@pierhead/model';
import { dispose } from './look-up.js';
import { withTaskContext } from './task-context.js';
import type { WorkerContext } from './worker-context.js';

/**
 * Stops what runs on this machine for deployments that have ended and are not live, and for commands that have ended, and
 * removes what was made ready for nothing.
 */
export async function collectInstances(worker: WorkerContext): Promise<void> {
  const { runtimes } = worker.source.current();
  const usable = worker.capabilities.runtimes.filter(({ available }) => available);
  for (const id of new Set(usable.map((each) => each.id))) {
    const runtime = await runtimes.getRuntime(id);
    try {
      if (runtime?.list) await stopStrays(runtime, worker);
      if (runtime?.runs) await endStrayCommands(runtime, worker);
      await withTaskContext(worker, async (context) => runtime?.tidy?.(context));
    } finally {
      await dispose(runtime, worker.logger);
    }
  }
}

async function stopStrays(runtime: Runtime, worker: WorkerContext): Promise<void> {
  const listed = (await withTaskContext(worker, async (context) => runtime.list?.(context))) ?? [];
  const strays = await instanceRepository(worker.database).strays(listed.map((each) => each.deploymentId));
  for (const identity of listed.filter((each) => strays.includes(each.deploymentId))) {
    worker.logger.info({ deploymentId: identity.deploymentId }, 'stopping what an ended deployment left running');
    await withTaskContext(worker, (context) => runtime.stop(identity, context));
    await worker.deployments.stopped(identity.deploymentId);
  }
}

async function endStrayCommands(runtime: Runtime, worker: WorkerContext): Promise<void> {
  const found = (await withTaskContext(worker, async (context) => runtime.runs?.(context))) ?? [];
  const running = await worker.commandRuns.running(found);
  for (const id of found.filter((each) => !running.includes(each))) {
    worker.logger.info({ commandId: id }, 'stopping what an ended command left running');
    await withTaskContext(worker, async (context) => runtime.endRun?.(id, context));
  }
}
