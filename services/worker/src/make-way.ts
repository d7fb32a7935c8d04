import { type DeploymentColumns, releaseRepository } from '@pierhead/database';
import { type CallContext, messageOf, type RunSpec, type Runtime } from '@pierhead/model';
import { awaitDrain } from './await-drain.js';
import { awaitGateways } from './await-gateways.js';
import { becomeHealthy } from './await-health.js';
import { dispose, runtimeOf, unknown } from './look-up.js';
import type { EquippedRun } from './run.js';
import { callContextOf } from './task-context.js';
import type { WorkerContext } from './worker-context.js';

const limitMs = 60_000;

/**
 * Ends what is live where the new release must not run beside it; until that serves, or does not come up, requests wait at
 * the gateways.
 */
export async function makeWay(run: EquippedRun, worker: WorkerContext): Promise<void> {
  const reason = (await run.runtime.excludes?.(run.spec, run.context)) ?? null;
  if (reason === null) return;
  const { serviceId, environment, deploymentId: own } = run.spec;
  const live = await releaseRepository(worker.database).liveOf(serviceId, environment);
  if (!live || live === own) return;
  await withRelease(live, worker, async (runtime, spec) => {
    if (!runtime.halt) return;
    run.context.log(`requests wait from now on, and the release before is stopped: ${reason}`, 'system');
    const held = await worker.runs.hold(run.lease);
    if (!held) throw run.interruption.fire('lease-lost');
    run.heldAt = performance.now();
    await awaitGateways({ deploymentId: live, ...held }, worker, (text) => run.context.log(text, 'system'));
    await awaitDrain(live, worker, run);
    await runtime.halt(spec, run.context);
  });
}

/** Starts the releases again that made way for one which did not come up. */
export async function bringBack(
  serviceId: string,
  environment: string,
  worker: WorkerContext,
  log: CallContext['log'],
) {
  const live = await releaseRepository(worker.database).heldOf(serviceId, environment);
  if (!live) return;
  log('starting the release before again', 'system');
  await bringReleaseBack(live, worker, log);
}

/** The same where whoever stopped it is gone. */
export async function bringForsakenBack(worker: WorkerContext): Promise<void> {
  for (const deploymentId of await releaseRepository(worker.database).forsaken()) {
    worker.logger.warn({ deploymentId }, 'a release stands still that nothing takes the place of: starting it again');
    await bringReleaseBack(deploymentId, worker, () => {}).catch((error) =>
      worker.logger.warn({ err: error, deploymentId }, 'it could not be started; it will be tried again'),
    );
  }
}

async function bringReleaseBack(deploymentId: string, worker: WorkerContext, log: CallContext['log']): Promise<void> {
  const context = { ...callContextOf(worker, AbortSignal.timeout(limitMs)), log };
  await withRelease(deploymentId, worker, async (runtime, spec, { instance }) => {
    await runtime.resume?.(spec, context);
    const found = await runtime.adopt(spec, context);
    if (!found || !instance) return;
    // It was well before; if it is not now, it is the better one still.
    await becomeHealthy({ runtime, spec, context }, { ...instance, ...found }).catch((error) =>
      log(messageOf(error), 'system'),
    );
    await releaseRepository(worker.database).move(deploymentId, [], found.upstreams);
  });
}

/** Hands out the runtime of a deployment, and what it was started with. Throws UserError where this worker has none. */
async function withRelease(
  deploymentId: string,
  worker: WorkerContext,
  use: (runtime: Runtime, spec: RunSpec, row: DeploymentColumns) => Promise<void>,
): Promise<void> {
  const row = await worker.deployments.find(deploymentId);
  if (!row) return;
  const { serviceId, environment, snapshot } = row;
  const runtime = await runtimeOf(row, worker);
  if (!runtime) throw unknown({ kind: 'runtime', id: snapshot.runtimeId });
  const { runtimeConfig: config, variables, serviceName } = worker.secrets.open(snapshot, serviceId);
  const identity = { serviceId, serviceName, environment, deploymentId };
  try {
    await use(runtime, { ...identity, config, variables: variables as Record<string, string> }, row);
  } finally {
    await dispose(runtime, worker.logger);
  }
}
