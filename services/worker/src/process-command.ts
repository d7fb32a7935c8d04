import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClaimedCommand, CommandEnding, CommandLease, PackedOutputLine } from '@pierhead/database';
import {
  type CallContext,
  type CommandError,
  type RunSpec,
  type SecretMask,
  UserError,
  WorldError,
} from '@pierhead/model';
import { after } from './deadlines.js';
import { failureOf } from './failure.js';
import { createInterruption, type Interruption } from './interruption.js';
import { keepLease, leaseSeconds } from './keep-lease.js';
import { createLineWriter } from './line-writer.js';
import { openLookUp } from './look-up.js';
import { maskOf } from './mask-of.js';
import type { WorkerContext } from './worker-context.js';

const bounds = { lines: 100_000, chars: 10_485_760 };

/** Claims a command, runs it to its end and records how it ended. One that is not ours to run is left alone. */
export async function processCommand(
  commandId: string,
  worker: WorkerContext,
  active: Map<string, Interruption>,
): Promise<void> {
  const lease: CommandLease = { commandId, owner: worker.id };
  const row = await worker.commandRuns.claim(lease, leaseSeconds);
  if (!row) return;
  const interruption = createInterruption();
  if (row.cancelRequestedAt) interruption.fire('canceled');
  active.set(commandId, interruption);
  const stopKeeping = keepLease((seconds) => worker.commandRuns.renew(lease, seconds), worker, interruption);
  const stopDeadline = after(row.timeoutSeconds, () => interruption.fire('deadline', tooLong(row.timeoutSeconds)));
  try {
    const ending = await runToEnd(row, lease, interruption, worker);
    if (ending) await worker.commandRuns.finish(lease, ending);
  } finally {
    stopDeadline();
    stopKeeping();
    active.delete(commandId);
  }
}

/** Null where it has not ended here: another worker has it, or may have it. */
async function runToEnd(
  row: ClaimedCommand,
  lease: CommandLease,
  interruption: Interruption,
  worker: WorkerContext,
): Promise<CommandEnding | null> {
  const append = (firstSeq: number, batch: PackedOutputLine[]) =>
    worker.commandLines.append(row.id, worker.id, firstSeq, batch);
  const secrets = maskOf(row.snapshot, row.serviceId, worker.secrets);
  const lines = createLineWriter(append, 0, bounds, secrets.mask);
  const log: CallContext['log'] = (text, stream = 'stdout') =>
    lines.write(text, (line): PackedOutputLine => [Date.now(), stream, line]);
  const { storage, host } = worker;
  let workspace: string | null = null;
  try {
    workspace = await mkdtemp(join(worker.workspaces, 'command-'));
    const exitCode = await run(row, { log, signal: interruption.signal, workspace, storage, host }, worker);
    if (exitCode === null) {
      await worker.commandRuns.lacks(lease);
      return null;
    }
    return exitCode === 0
      ? { status: 'succeeded', exitCode }
      : { status: 'failed', exitCode, error: exited(exitCode, row.argv[0]!) };
  } catch (error) {
    const ending = endingOf(error, interruption, secrets);
    if (ending && 'error' in ending)
      log([ending.error.message, ending.error.hint].filter(Boolean).join('\n'), 'system');
    if (ending?.status === 'canceled') log('Canceled.', 'system');
    if (ending && 'error' in ending && ending.error.code === 'internal_error')
      worker.logger.error({ err: error, commandId: row.id }, 'a command failed unforeseen');
    return ending;
  } finally {
    // The end counts more than the last lines before it.
    await lines.flush().catch((error) => worker.logger.warn({ err: error, commandId: row.id }, 'output was lost'));
    if (workspace) await rm(workspace, { recursive: true, force: true });
  }
}

/** Its exit code; null where this machine does not have the artifact. */
async function run(row: ClaimedCommand, context: CallContext, worker: WorkerContext): Promise<number | null> {
  const { id, argv, artifact, serviceId, environment } = row;
  const deploymentId = row.deploymentId!;
  const lookUp = openLookUp({ id: deploymentId, attempt: 1 }, worker);
  try {
    context.signal.throwIfAborted();
    const { runtime } = await lookUp.parts({ snapshot: row.snapshot, rollbackOf: deploymentId });
    if (!runtime.run) throw notSupported(row.snapshot.runtimeId);
    if (!artifact || (await runtime.has?.(artifact, context)) === false) return null;
    const { runtimeConfig: config, variables, serviceName } = worker.secrets.open(row.snapshot, serviceId);
    const identity = { serviceId, serviceName, environment, deploymentId };
    const spec: RunSpec = { ...identity, config, variables: variables as Record<string, string> };
    return (await runtime.run(artifact, { id, argv }, spec, context)).exitCode;
  } finally {
    await lookUp.release();
  }
}

/** What a runtime says of its own counts more than why it was to stop: it may not have been able to. */
function endingOf(error: unknown, { reason, error: cause }: Interruption, secrets: SecretMask): CommandEnding | null {
  if (reason === 'lease-lost') return null;
  const own = error instanceof UserError || error instanceof WorldError;
  if (own || reason === null) return { status: 'failed', error: told(error, secrets) };
  if (reason === 'canceled') return { status: 'canceled' };
  return { status: 'failed', error: told(cause ?? stopped, secrets) };
}

function told(error: unknown, secrets: SecretMask): CommandError {
  const { code, message, hint } = failureOf(error, null, secrets);
  return { code, message, hint };
}

const exited = (exitCode: number, program: string): CommandError => ({
  code: 'command_failed',
  message: `${JSON.stringify(program.slice(0, 200))} exited with code ${exitCode}.`,
  hint: 'Read the last lines of its output.',
});

const tooLong = (seconds: number) =>
  new UserError('command_timeout', `The command was stopped: it did not end within ${seconds} s.`, {
    hint: 'Give it a longer time limit (timeoutSeconds), or less to do.',
  });

const stopped = new WorldError('command_interrupted', 'The command was stopped, as its worker was to stop.', {
  hint: 'Look at what it did, then run it again.',
});

const notSupported = (runtimeId: string) =>
  new UserError('commands_not_supported', `The runtime \u201c${runtimeId}\u201d runs no commands.`, {
    hint: 'Choose another runtime for the service, and deploy again.',
  });
