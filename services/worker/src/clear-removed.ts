import { exclusively, serviceRepository } from '@pierhead/database';
import type { Artifact, CallContext } from '@pierhead/model';
import { stopDeployment } from './clean-up.js';
import { dispose } from './look-up.js';
import { withTaskContext } from './task-context.js';
import type { WorkerContext } from './worker-context.js';

/**
 * Stops and removes everything that removed services own, then forgets them. One failure leaves the service for the
 * next round. One worker at a time: an image is still in use while another worker's stop is under way.
 */
export const clearRemovedServices = (worker: WorkerContext): Promise<void> =>
  exclusively(worker.database, 'clear-removed', () => clearAll(worker));

async function clearAll(worker: WorkerContext): Promise<void> {
  const services = serviceRepository(worker.database);
  for (const { id, started } of await services.removed()) {
    const clearing = withTaskContext(worker, (context) => clear(id, started, context, worker));
    await clearing.catch((error) =>
      worker.logger.warn({ err: error, serviceId: id }, 'a removed service is not cleared yet'),
    );
  }
}

async function clear(id: string, started: readonly string[], context: CallContext, worker: WorkerContext) {
  const services = serviceRepository(worker.database);
  for (const deploymentId of started) await stopDeployment(deploymentId, context, worker);
  await forgetOnThisMachine(id, context, worker);
  const artifacts = await services.ownArtifacts(id);
  if (!artifacts) return;
  for (const { builderId, artifact } of artifacts) await discard(builderId, artifact, context, worker);
  await services.forget(id);
}

/** Whichever runtime the service had at some time. */
async function forgetOnThisMachine(serviceId: string, context: CallContext, worker: WorkerContext): Promise<void> {
  const usable = worker.capabilities.runtimes.filter(({ available }) => available);
  for (const id of new Set(usable.map((each) => each.id))) {
    const runtime = await worker.source.current().runtimes.getRuntime(id);
    try {
      await runtime?.forget?.(serviceId, context);
    } finally {
      await dispose(runtime, worker.logger);
    }
  }
}

async function discard(builderId: string, artifact: Artifact, context: CallContext, worker: WorkerContext) {
  const builder = await worker.source.current().builders.getBuilder(builderId);
  try {
    await builder?.discard?.(artifact, context);
  } finally {
    await dispose(builder, worker.logger);
  }
}
