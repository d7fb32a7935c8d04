import type { DeploymentColumns, Lease } from '@pierhead/database';
import {
  type Builder,
  type Capability,
  type HostSettings,
  type Provider,
  type Runtime,
  UserError,
  WorldError,
} from '@pierhead/model';
import { deadlineExceeded, failureOf } from './failure.js';
import { createInterruption, type Interruption } from './interruption.js';
import { keepLease, leaseSeconds } from './keep-lease.js';
import { createLogWriter } from './log-writer.js';
import { deploy } from './pipeline.js';
import { createRun, type Parts, type Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

const maxAttempts = 3;
const maxMinutes = 60;
const askLimitMs = 10_000;

/** Claims a deployment, runs it to its end and records how it ended. A deployment that is not ours to run is left alone. */
export async function processDeployment(
  deploymentId: string,
  worker: WorkerContext,
  active: Map<string, Interruption>,
): Promise<void> {
  const row = await worker.runs.claim(deploymentId, worker.id, leaseSeconds);
  if (!row) return;
  const lease: Lease = { deploymentId, owner: worker.id, epoch: row.leaseEpoch };
  const interruption = createInterruption();
  active.set(deploymentId, interruption);
  const stopKeeping = keepLease(lease, worker, interruption);
  const deadline = setTimeout(() => interruption.fire('deadline'), maxMinutes * 60_000);
  const log = createLogWriter(worker.logs, deploymentId, await worker.logs.lastSeq(deploymentId));
  try {
    await runToEnd(row, { lease, interruption, log }, worker);
  } finally {
    clearTimeout(deadline);
    stopKeeping();
    active.delete(deploymentId);
  }
}

type Hold = Pick<Parts, 'lease' | 'interruption' | 'log'>;

async function runToEnd(row: DeploymentColumns, hold: Hold, worker: WorkerContext): Promise<void> {
  let run: Run | null = null;
  try {
    const parts = await lookUp(row, worker);
    run = await createRun(row, { ...hold, ...parts }, worker);
    await deploy(run, worker);
    await hold.log.flush();
    await worker.runs.finish(hold.lease, { status: 'succeeded' });
  } catch (error) {
    await endWithout(error, row, run, hold, worker);
  }
}

/** Finds provider, builder and runtime in this worker's own registries, and whether this machine can use them. */
async function lookUp(
  { snapshot }: DeploymentColumns,
  { registries, host, capabilities }: WorkerContext,
): Promise<Pick<Parts, 'provider' | 'builder' | 'runtime'>> {
  const { providerId, providerVersion, builderId, builderVersion, runtimeId, runtimeVersion } = snapshot;
  const [provider, builder, runtime] = await Promise.all([
    registries.providers.getProvider(providerId, providerVersion),
    registries.builders.getBuilder(builderId, builderVersion),
    registries.runtimes.getRuntime(runtimeId, runtimeVersion),
  ]);
  if (!provider) throw unknownEntry('provider', providerId, providerVersion);
  if (!builder) throw unknownEntry('builder', builderId, builderVersion);
  if (!runtime) throw unknownEntry('runtime', runtimeId, runtimeVersion);
  await Promise.all([
    assertUsable(provider, providerId, capabilities.providers, host),
    assertUsable(builder, builderId, capabilities.builders, host),
    assertUsable(runtime, runtimeId, capabilities.runtimes, host),
  ]);
  return { provider, builder, runtime };
}

/** Asks again only where the last heartbeat saw a fault: it may have been mended since. */
async function assertUsable(
  entry: Provider | Builder | Runtime,
  id: string,
  known: Capability[],
  host: HostSettings,
): Promise<void> {
  if (known.some((each) => each.id === id && each.available)) return;
  const reason = await entry.unavailable?.({ host, signal: AbortSignal.timeout(askLimitMs) });
  if (reason) throw new UserError(reason.code, reason.message, { hint: reason.hint });
}

const unknownEntry = (kind: string, id: string, version: string) =>
  new UserError(`${kind}_unknown`, `This worker has no ${kind} \u201c${id}\u201d in version ${version}.`, {
    hint: `Choose another ${kind} for the service, or install the missing one on every worker.`,
  });

/** Records an end other than success, or hands the deployment back to the queue. */
async function endWithout(
  error: unknown,
  row: DeploymentColumns,
  run: Run | null,
  { lease, interruption, log }: Hold,
  worker: WorkerContext,
): Promise<void> {
  const { reason } = interruption;
  const stage = run?.stageName ?? null;
  const say = (text: string) => log.write(stage ?? 'resolve', 'system', text);
  if (reason === 'lease-lost') return;

  if (reason === 'shutdown' || (reason === null && error instanceof WorldError && row.leaseEpoch < maxAttempts)) {
    const delaySeconds = reason === 'shutdown' ? 0 : 2 ** row.leaseEpoch;
    say(
      reason === 'shutdown'
        ? 'The worker is stopping: another one takes over.'
        : `${(error as Error).message} Trying again in ${delaySeconds} s.`,
    );
    await log.flush().catch(() => {});
    await worker.runs.requeue(lease, delaySeconds);
    return;
  }
  if (reason === 'canceled') {
    say('Canceled.');
    await log.flush().catch(() => {});
    await worker.runs.finish(lease, { status: 'canceled' });
    return;
  }
  const failure = failureOf(reason === 'deadline' ? deadlineExceeded(maxMinutes) : error, stage);
  if (failure.code === 'internal_error')
    worker.logger.error({ err: error, deploymentId: row.id }, 'a deployment failed unforeseen');
  say(
    [`Failed in ${stage ?? 'the beginning'}: ${failure.message}`, failure.line, failure.hint]
      .filter(Boolean)
      .join('\n'),
  );
  await log.flush().catch(() => {});
  await worker.runs.finish(lease, { status: 'failed', error: failure });
}
