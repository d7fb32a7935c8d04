import { rm } from 'node:fs/promises';
import type { CallContext } from '@pierhead/model';
import { awaitDrain } from './await-drain.js';
import { dispose, runtimeOf, unknown } from './look-up.js';
import { bringBack } from './make-way.js';
import type { Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

const limitMs = 60_000;

/**
 * Deletes the workspace and stops whatever of the service and environment runs without being live: the old release, once
 * nothing is under way to it, or our own.
 */
export async function cleanUp(run: Run, worker: WorkerContext): Promise<void> {
  const stop = (id: string) => stopDeployment(id, { ...run.context, signal: AbortSignal.timeout(limitMs) }, worker);
  await rm(run.context.workspace, { recursive: true, force: true });
  if (run.interruption.reason === 'lease-lost') return;
  const { serviceId, environment, deploymentId } = run.spec;
  // The database knows whether the switch happened, even where its answer was lost on the way.
  const mayRun = run.started || run.lease.epoch > 1;
  if (mayRun && (await worker.deployments.releaseVersion(deploymentId)) === null) {
    // It served, if its guard went back.
    await awaitDrain(deploymentId, worker, run);
    await stop(deploymentId);
  }
  if (!run.live) await bringBack(serviceId, environment, worker, run.context.log);
  // Whoever goes on with what is live may still have to go back.
  if (run.live && !run.settled) return;
  for (const id of await worker.deployments.leftovers(serviceId, environment)) {
    await awaitDrain(id, worker, run);
    await stop(id);
  }
}

/** Stops whatever a deployment may have started, with the runtime that started it, or with a newer one where that is gone. */
export async function stopDeployment(deploymentId: string, context: CallContext, worker: WorkerContext): Promise<void> {
  const row = await worker.deployments.find(deploymentId);
  if (!row) return;
  const { serviceId, environment, snapshot } = row;
  const runtime = await runtimeOf(row, worker);
  if (!runtime) throw unknown({ kind: 'runtime', id: snapshot.runtimeId });
  try {
    await runtime.stop({ serviceId, environment, deploymentId, serviceName: snapshot.serviceName }, context);
  } finally {
    await dispose(runtime, worker.logger);
  }
  await worker.deployments.stopped(deploymentId);
}
