import { type Claimed, canRun, type Lease, maxRetries } from '@pierhead/database';
import { defaultTimeouts } from '@pierhead/model';
import { NoRoom } from './admission.js';
import { totalDeadline } from './deadlines.js';
import { failureOf, worldFault } from './failure.js';
import { createInterruption, type Interruption } from './interruption.js';
import { keepLease, leaseSeconds } from './keep-lease.js';
import { createLogWriter } from './log-writer.js';
import { openLookUp } from './look-up.js';
import { maskOf } from './mask-of.js';
import { deploy } from './pipeline.js';
import { createRun, type Hold, type Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

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
  // What is live cannot fail or be canceled any more.
  if (row.live) interruption.shield();
  if (row.cancelRequestedAt) interruption.fire('canceled');
  active.set(deploymentId, interruption);
  const stopKeeping = keepLease((seconds) => worker.runs.renew(lease, seconds), worker, interruption);
  // Snapshots from before there were timeouts have none.
  const stopDeadline = totalDeadline(row.snapshot.timeouts ?? defaultTimeouts, row.ranSeconds, interruption);
  try {
    const lastSeq = lease.epoch === 1 ? 0 : await worker.logs.lastSeq(deploymentId);
    const secrets = maskOf(row.snapshot, row.serviceId, worker.secrets);
    const log = createLogWriter(worker.logs, lease, lastSeq, secrets);
    await runToEnd(row, { lease, interruption, secrets, log }, worker);
  } finally {
    stopDeadline();
    stopKeeping();
    if (active.get(deploymentId) === interruption) active.delete(deploymentId);
  }
}

/** A worker that cannot run a deployment, or has no room for it, leaves it to those that can; where nobody can it says why. */
async function isForUs(deploymentId: string, worker: WorkerContext): Promise<boolean> {
  const requirements = await worker.dispatches.requirements(deploymentId);
  if (!requirements) return false;
  if (canRun(worker, requirements) && (await worker.admission.refusal()) === null) return true;
  return worker.dispatches.isFor(deploymentId, requirements, worker.id);
}

async function runToEnd(row: Claimed, hold: Hold, worker: WorkerContext): Promise<void> {
  let run: Run | null = null;
  const lookUp = openLookUp(row, worker);
  try {
    run = await createRun(row, hold, lookUp, worker);
    await deploy(run, worker);
    await hold.log.flush();
    await worker.runs.finish(hold.lease, { status: 'succeeded' });
  } catch (error) {
    await endWithout(error, row, run, hold, worker);
  } finally {
    await lookUp.release();
  }
}

const pauseSeconds = ({ retries }: Claimed) => 2 ** Math.min(retries, maxRetries);

/** Records an end other than success, or hands the deployment back to the queue. */
async function endWithout(
  error: unknown,
  row: Claimed,
  run: Run | null,
  { lease, interruption, secrets, log }: Hold,
  worker: WorkerContext,
): Promise<void> {
  const { reason } = interruption;
  const stage = run?.stageName ?? null;
  /** The end counts more than the log of it. */
  const say = async (text: string) => {
    log.write(stage ?? 'resolve', 'system', text);
    await log.flush().catch(() => {});
  };
  if (reason === 'lease-lost') return;

  if (reason === 'shutdown') {
    await say('The worker is stopping: another one takes over.');
    await worker.runs.requeue(lease, { delaySeconds: 0, failed: false });
    return;
  }
  if (reason === null && error instanceof NoRoom) {
    await log.flush().catch(() => {});
    await worker.runs.requeue(lease, { delaySeconds: 0, failed: false });
    return;
  }
  if (run ? run.live : row.live) {
    // Whoever takes it next only finishes it.
    await worker.runs.requeue(lease, { delaySeconds: pauseSeconds(row), failed: true });
    return;
  }
  if (reason === 'canceled') {
    await say('Canceled.');
    await worker.runs.finish(lease, { status: 'canceled' });
    return;
  }
  const fault = reason === null ? worldFault(error) : null;
  if (fault && row.retries < maxRetries) {
    const delaySeconds = pauseSeconds(row);
    await say(`${fault.message} Trying again in ${delaySeconds} s.`);
    await worker.runs.requeue(lease, { delaySeconds, failed: true });
    return;
  }
  const failure = failureOf(interruption.error ?? fault ?? error, stage, secrets);
  if (failure.code === 'internal_error')
    worker.logger.error({ err: error, deploymentId: row.id }, 'a deployment failed unforeseen');
  await say(
    [`Failed ${stage ? `in ${stage}` : 'before the first stage'}: ${failure.message}`, failure.line, failure.hint]
      .filter(Boolean)
      .join('\n'),
  );
  await worker.runs.finish(lease, { status: 'failed', error: failure });
}
