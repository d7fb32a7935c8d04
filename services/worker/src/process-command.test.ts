import { type CommandRow, commandDispatchRepository, commandRepository } from '@pierhead/database';
import { type CallContext, type Runtime, UserError, WorldError } from '@pierhead/model';
import { until } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { setUp as setUpWorker } from './fixture.js';
import type { Interruption } from './interruption.js';
import { processCommand } from './process-command.js';

type Run = NonNullable<Runtime['run']>;

/** A worker with a live release, and a runtime that runs commands so. */
async function setUp(t: Test, run?: Run, more: Partial<Runtime> = {}) {
  const parts = await setUpWorker(t, {
    service: { variables: { A: '$x' }, runtimeConfig: { cpus: 2 } },
    runtime: { ...(run ? { run } : {}), ...more },
  });
  const { worker, create } = parts;
  const id = await create();
  const { sql } = worker.database;
  const artifact = JSON.stringify({ kind: 'image', digest: 'sha256:1', bytes: 1 });
  await sql`update deployments set status = 'succeeded', artifact = ${artifact}::jsonb where id = ${id}`;
  await sql`insert into releases (service_id, environment, deployment_id, upstreams, version)
    select service_id, environment, id, '[]', 1 from deployments where id = ${id}`;
  const { serviceId } = (await worker.deployments.find(id))!;
  const commands = commandRepository(worker.database);
  const dispatches = commandDispatchRepository(worker.database);
  const active = new Map<string, Interruption>();
  const ask = async (timeoutSeconds = 60) => {
    const trigger = { kind: 'api', actor: null, event: null };
    const input = { command: ['do', 'it'], timeoutSeconds };
    const asked = { serviceId, environment: 'production', input, trigger, idempotencyKey: null };
    const row = (await commands.create(asked)) as CommandRow;
    await dispatches.take();
    return row.id;
  };
  const process = async (commandId: string) => {
    await processCommand(commandId, worker, active);
    return (await commands.find(commandId))!;
  };
  const output = async (commandId: string) =>
    (await worker.commandLines.read(commandId, 0, 100)).map(({ text }) => text);
  return { ...parts, deploymentId: id, commands, dispatches, active, ask, process, output };
}

/** Runs until it is to stop. */
const endless = (_: unknown, __: unknown, ___: unknown, { signal }: CallContext) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

t.test('runs what was asked for with what the release has, and keeps what it wrote', async (t) => {
  const { ask, process, output, deploymentId } = await setUp(t, async (artifact, command, spec, { log }) => {
    t.match([artifact, command], [{ digest: 'sha256:1' }, { argv: ['do', 'it'] }]);
    t.match(spec, { deploymentId, variables: { A: '$x' }, config: { cpus: 2 } });
    log('one\ntwo');
    log('three', 'stderr');
    return { exitCode: 0 };
  });
  const id = await ask();
  t.match(await process(id), { status: 'succeeded', exitCode: 0, error: null, startedAt: Date, finishedAt: Date });
  t.same(await output(id), ['one', 'two', 'three']);
  t.match(await process(id), { status: 'succeeded' }, 'it is not run again');
});

t.test('an exit code, a fault of the user and one of the world each fail it', async (t) => {
  const outcomes = [
    () => ({ exitCode: 9 }),
    () => {
      throw new UserError('command_not_executable', 'no such program');
    },
    () => {
      throw new WorldError('docker_unavailable', 'no engine');
    },
    () => {
      throw new Error('a secret of ours');
    },
  ];
  const { ask, process, output } = await setUp(t, async () => outcomes.shift()!());
  t.match(await process(await ask()), { status: 'failed', exitCode: 9, error: { code: 'command_failed' } });
  const id = await ask();
  t.match(await process(id), { status: 'failed', exitCode: null, error: { code: 'command_not_executable' } });
  t.match(await output(id), [/no such program/]);
  t.match(await process(await ask()), { status: 'failed', error: { code: 'docker_unavailable' } });
  t.match(await process(await ask()), { status: 'failed', error: { code: 'internal_error', message: /unforeseen/ } });
});

t.test('ends for the reason that stopped it', async (t) => {
  const { ask, process, commands, active, worker } = await setUp(t, endless);
  t.match(await process(await ask(1)), { status: 'failed', error: { code: 'command_timeout' } });

  const canceled = await ask();
  const ending = process(canceled);
  await until('it runs', async () => active.has(canceled));
  await commands.cancel(canceled);
  worker.cancellations.ring();
  t.match(await ending, { status: 'canceled', error: null });

  const stopped = await ask();
  const stopping = process(stopped);
  await until('it runs', async () => active.has(stopped));
  active.get(stopped)!.fire('shutdown');
  t.match(await stopping, { status: 'failed', error: { code: 'command_interrupted' } });

  const lost = await ask();
  const losing = process(lost);
  await until('it runs', async () => active.has(lost));
  active.get(lost)!.fire('lease-lost');
  t.match(await losing, { status: 'running' });
});

t.test('is not canceled as long as it could not be stopped', async (t) => {
  const { ask, process, commands, active, worker } = await setUp(t, async (...args) =>
    endless(...args).catch(() => {
      throw new WorldError('command_not_stopped', 'it runs on');
    }),
  );
  const id = await ask();
  const ending = process(id);
  await until('it runs', async () => active.has(id));
  await commands.cancel(id);
  worker.cancellations.ring();
  t.match(await ending, { status: 'failed', error: { code: 'command_not_stopped' } });
});

t.test('a worker without the artifact runs nothing, and one whose runtime cannot says so', async (t) => {
  const without = await setUp(t, async () => t.fail('it ran') as never, { has: async () => false });
  const id = await without.ask();
  t.match(await without.process(id), { status: 'queued', lackedBy: ['worker'], startedAt: null });
  await without.dispatches.take();
  t.match(await without.commands.find(id), { status: 'failed', error: { code: 'artifact_lost' } });
  const unable = await setUp(t);
  t.match(await unable.process(await unable.ask()), { status: 'failed', error: { code: 'commands_not_supported' } });
});
