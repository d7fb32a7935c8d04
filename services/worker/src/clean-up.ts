import { rm } from 'node:fs/promises';
import type { CallContext } from '@pierhead/model';
import { dispose, unknown } from './look-up.js';
import type { Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

/** Deletes the workspace and stops whatever of the service and environment runs without being live: the old release, or our own. */
export async function cleanUp(run: Run, worker: WorkerContext): Promise<void> {
  await rm(run.context.workspace, { recursive: true, force: true });
  if (run.interruption.reason === 'lease-lost') return;
  const { serviceId, environment, deploymentId } = run.spec;
  // The database knows whether the switch happened, even where its answer was lost on the way.
  const mayRun = run.started || run.lease.epoch > 1;
  if (mayRun && (await worker.deployments.releaseVersion(deploymentId)) === null)
    await stopDeployment(deploymentId, run.context, worker);
  for (const id of await worker.deployments.leftovers(serviceId, environment))
    await stopDeployment(id, run.context, worker);
}

/** Stops whatever a deployment may have started, with the runtime that started it, or with a newer one where that is gone. */
export async function stopDeployment(deploymentId: string, context: CallContext, worker: WorkerContext): Promise<void> {
  const row = await worker.deployments.find(deploymentId);
  if (!row) return;
  const { serviceId, environment, snapshot } = row;
  const { runtimeId: id, runtimeVersion: version } = snapshot;
  const { runtimes } = worker.source.current();
  const runtime = (await runtimes.getRuntime(id, version)) ?? (await runtimes.getRuntime(id));
  if (!runtime) throw unknown({ kind: 'runtime', id, version });
  try {
    await runtime.stop({ serviceId, environment, deploymentId, serviceName: snapshot.serviceName }, context);
  } finally {
    await dispose(runtime, worker.logger);
  }
  await worker.deployments.stopped(deploymentId);
}
