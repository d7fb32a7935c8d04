import { canRun, type DeploymentColumns, type Lease } from '@pierhead/database';
import { WorldError } from '@pierhead/model';
import { deadlineExceeded, failureOf } from './failure.js';
import { createInterruption, type Interruption } from './interruption.js';
import { keepLease, leaseSeconds } from './keep-lease.js';
import { createLogWriter } from './log-writer.js';
import { openLookUp } from './look-up.js';
import { deploy } from './pipeline.js';
import { createRun, type Parts, type Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

const maxAttempts = 3;
const maxMinutes = 60;

/** Claims a deployment, runs it to its end and records how it ended. A deployment that is not ours to run is left alone. */
export async function processDeployment(
  deploymentId: string,
  worker: WorkerContext,
  active: Map<string, Interruption>,
): Promise<void> {
  if (!(await isForUs(deploymentId, worker))) return;
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

/** A worker that cannot run a deployment leaves it to those that can; where nobody can it says why. */
async function isForUs(deploymentId: string, worker: WorkerContext): Promise<boolean> {
  const requirements = await worker.dispatches.requirements(deploymentId);
  if (!requirements) return false;
  return canRun(worker, requirements) || worker.dispatches.isFor(deploymentId, requirements, worker.id);
}

type Hold = Pick<Parts, 'lease' | 'interruption' | 'log'>;

async function runToEnd(row: DeploymentColumns, hold: Hold, worker: WorkerContext): Promise<void> {
  let run: Run | null = null;
  const lookUp = openLookUp(row.id, worker);
  try {
    const parts = await lookUp.parts(row.snapshot);
    run = await createRun(row, { ...hold, ...parts, lookUp }, worker);
    await deploy(run, worker);
    await hold.log.flush();
    await worker.runs.finish(hold.lease, { status: 'succeeded' });
  } catch (error) {
    await endWithout(error, row, run, hold, worker);
  } finally {
    await lookUp.release();
  }
}

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
