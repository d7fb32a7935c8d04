import { rm } from 'node:fs/promises';
import type { Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

/** Stops what no longer serves (the old release, or our own when it never went live) and deletes the workspace. */
export async function cleanUp(run: Run, worker: WorkerContext): Promise<void> {
  await rm(run.context.workspace, { recursive: true, force: true });
  if (run.interruption.reason === 'lease-lost') return;
  if (run.started && !run.switched) await run.runtime.stop(run.spec, run.context);
  const previous = run.switched?.previous;
  if (previous && previous !== run.spec.deploymentId) await stopDeployment(previous, run.context, worker);
}

/** Stops whatever a deployment started, with the runtime that started it. */
export async function stopDeployment(
  deploymentId: string,
  context: Run['context'],
  worker: WorkerContext,
): Promise<void> {
  const row = await worker.deployments.find(deploymentId);
  if (!row?.instance) return;
  const runtime = await worker.registries.runtimes.getRuntime(row.snapshot.runtimeId);
  const { serviceId, environment, snapshot } = row;
  await runtime?.stop({ serviceId, environment, deploymentId, serviceName: snapshot.serviceName }, context);
}
