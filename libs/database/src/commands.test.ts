import { order, plainService } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { artifactRepository } from './artifacts.js';
import { commandDispatchRepository } from './command-dispatch.js';
import { commandLineRepository } from './command-lines.js';
import { commandRunRepository } from './command-runs.js';
import { commandRepository } from './commands.js';
import { setUp, worker } from './fixture.js';
import { retentionRepository } from './retention.js';

const schedule = {
  name: 'nightly',
  cron: '0 3 * * *',
  timeZone: 'UTC',
  command: ['backup', '$HOME'],
  timeoutSeconds: 60,
};

/** A service with something live, or not. */
async function withCommands(t: Test, { live = true } = {}) {
  const parts = await setUp(t);
  const { database, create, deployments } = parts;
  const service = await create('web', {
    schedules: [schedule],
    delivery: { ...plainService.delivery, keepReleases: 1 },
  });
  const artifact = JSON.stringify({ kind: 'image', digest: 'sha256:1', bytes: 1 });
  const release = async (): Promise<string> => {
    const { id } = (await deployments.create(order(service.id)))!;
    await database.sql`update deployments set status = 'succeeded', artifact = ${artifact}::jsonb where id = ${id}`;
    await database.sql`insert into releases (service_id, environment, deployment_id, upstreams, version)
      values (${service.id}, 'production', ${id}, '[]', 1)
      on conflict (service_id, environment) do update set deployment_id = excluded.deployment_id`;
    return id;
  };
  const deploymentId = live ? await release() : null;
  const commands = commandRepository(database);
  const ask = (idempotencyKey: string | null = null) =>
    commands.create({
      serviceId: service.id,
      environment: 'production',
      input: { command: ['true'] },
      trigger: { kind: 'api', actor: null, event: null },
      idempotencyKey,
    });
  const added = async (): Promise<string> => ((await ask()) as { id: string }).id;
  const all = async () => (await commands.list({ limit: 50, before: null, serviceId: service.id })).items;
  const { name, cron, timeZone } = schedule;
  const tick = (at: Date, now = at) => commands.tick({ serviceId: service.id, name, cron, timeZone, at }, now);
  const dispatches = commandDispatchRepository(database);
  const runs = commandRunRepository(database);
  return { ...parts, service, release, deploymentId, commands, ask, added, all, tick, dispatches, runs };
}

const day = (number: number) => new Date(Date.UTC(2030, 0, number, 3));

t.test('a command goes to one worker, once, and ends once', async (t) => {
  const { added, ask, dispatches, runs, commands, deploymentId, database } = await withCommands(t);
  const id = await added();
  t.same(await dispatches.take(), [{ id, attempt: 1, workerId: 'any' }]);
  t.same(await dispatches.take(), [], 'it is on its way');
  t.equal(await runs.claim({ commandId: id, owner: 'other' }, 10), null);
  const lease = { commandId: id, owner: 'any' };
  t.match(await runs.claim(lease, 10), {
    deploymentId,
    artifact: { digest: 'sha256:1' },
    snapshot: { runtimeId: 'r' },
  });
  t.equal(await runs.claim(lease, 10), null);
  t.equal(await runs.renew(lease, 10), 'held');
  const lines = commandLineRepository(database);
  t.equal(
    await lines.append(id, 'any', 1, [
      [0, 'stdout', 'a\0'],
      [0, 'stderr', 'b'],
    ]),
    true,
  );
  t.equal(await lines.append(id, 'other', 3, [[0, 'stdout', 'c']]), false);
  t.match(await lines.read(id, 1, 10), [{ seq: 2, stream: 'stderr', text: 'b' }]);
  t.equal(await commands.cancel(id), true);
  t.equal(await runs.renew(lease, 10), 'cancel');
  t.equal(await runs.finish({ ...lease, owner: 'other' }, { status: 'canceled' }), false);
  t.equal(
    await runs.finish(lease, { status: 'failed', exitCode: 2, error: { code: 'x', message: 'y', hint: null } }),
    true,
  );
  t.match(await commands.find(id), { status: 'failed', exitCode: 2, error: { code: 'x' } });
  t.equal(await commands.cancel(id), false);
  const [one, two] = [await ask('key'), await ask('key')];
  t.same(one, two);
});

t.test('the command of a dead worker fails, and runs no second time', async (t) => {
  const { added, dispatches, runs, commands, database } = await withCommands(t);
  const id = await added();
  await dispatches.take();
  await runs.claim({ commandId: id, owner: 'any' }, 10);
  t.same(await dispatches.failLapsed(), []);
  t.same(await runs.running([id, 'no id']), [id]);
  await database.sql`update commands set lease_until = now() - interval '1 second'`;
  t.same(await dispatches.failLapsed(), [id]);
  t.match(await commands.find(id), { status: 'failed', exitCode: null, error: { code: 'command_interrupted' } });
  t.same([await dispatches.take(), await runs.running([id])], [[], []]);
});

t.test('a worker without the artifact passes it on, until none is left', async (t) => {
  const { added, dispatches, runs, commands, workers } = await withCommands(t);
  await workers.heartbeat(worker('more'));
  const id = await added();
  const [first] = await dispatches.take();
  const pass = async (owner: string) => {
    await runs.claim({ commandId: id, owner }, 10);
    await runs.lacks({ commandId: id, owner });
  };
  await pass(first!.workerId!);
  const [second] = await dispatches.take();
  t.same([first!.workerId, second!.workerId].sort(), ['any', 'more']);
  t.equal(second!.attempt, 2);
  await pass(second!.workerId!);
  t.same(await dispatches.take(), []);
  t.match(await commands.find(id), { status: 'failed', error: { code: 'artifact_lost' } });
});

t.test('it waits with a reason while no worker can take it', async (t) => {
  const { added, dispatches, commands, workers } = await withCommands(t);
  await workers.leave('any');
  const id = await added();
  t.same(await dispatches.take(), []);
  t.match(await commands.find(id), { status: 'queued', reason: 'No worker is running.' });
  t.equal(await commands.cancel(id), true);
  t.match(await commands.find(id), { status: 'canceled' });
});

t.test('each tick has one row, and says why it was skipped', async (t) => {
  const { tick, all, dispatches, runs } = await withCommands(t);
  const made = await Promise.all(Array.from({ length: 5 }, () => tick(day(1))));
  t.equal(made.filter(Boolean).length, 1);
  t.match(await tick(day(2)), { status: 'skipped', error: { code: 'schedule_still_running' } });
  const [{ id, workerId }] = (await dispatches.take()) as unknown as [{ id: string; workerId: string }];
  const lease = { commandId: id, owner: workerId };
  t.match(await runs.claim(lease, 10), { argv: ['backup', '$HOME'], timeoutSeconds: 60 });
  await runs.finish(lease, { status: 'succeeded', exitCode: 0 });
  t.match(await tick(day(3), day(4)), { status: 'skipped', error: { code: 'schedule_missed' } });
  t.match(await tick(day(5)), { status: 'queued', trigger: { kind: 'schedule', event: 'nightly' } });
  t.equal((await all()).length, 4);
});

t.test('nothing is live, or the schedule is another one by now', async (t) => {
  const { tick, ask, services, service } = await withCommands(t, { live: false });
  t.equal(await ask(), 'nothing_live');
  t.match(await tick(day(1)), { status: 'skipped', deploymentId: null, error: { code: 'nothing_live' } });
  const { id, revision, ...values } = service;
  await services.replace(id, revision, { ...values, schedules: [{ ...schedule, cron: '0 4 * * *' }] });
  t.equal(await tick(day(2)), null);
  await services.remove(id);
  t.same([await tick(day(3)), await ask()], [null, null]);
});

t.test('what is due is told with the last time on record', async (t) => {
  const { commands, tick, service } = await withCommands(t);
  t.match(await commands.schedules(), [{ serviceId: service.id, schedule, since: Date, last: null }]);
  await tick(day(1));
  t.same((await commands.schedules())[0]!.last, day(1));
});

t.test('the release of a command is kept until it has ended, and a removed service waits for it', async (t) => {
  const { added, release, database, deploymentId, dispatches, runs, services, service } = await withCommands(t);
  const id = await added();
  await release();
  const held = async () =>
    (await artifactRepository(database).held()).find((each) => each.deploymentId === deploymentId);
  t.match(await held(), { live: false, unfinished: true });
  await dispatches.take();
  const lease = { commandId: id, owner: 'any' };
  await runs.claim(lease, 10);
  const waiting = await added();
  await services.remove(service.id);
  t.same(await services.removed(), []);
  t.equal(await runs.renew(lease, 10), 'cancel');
  await runs.finish(lease, { status: 'canceled' });
  t.match(await services.removed(), [{ id: service.id }]);
  t.match(await held(), { unfinished: false });
  t.match(await database.sql`select status from commands where id = ${waiting}`, [{ status: 'canceled' }]);
});

t.test('the newest commands are remembered, and those of each schedule', async (t) => {
  const { added, tick, all, database } = await withCommands(t);
  for (let count = 0; count < 3; count += 1) await added();
  await database.sql`update commands set status = 'succeeded'`;
  const unfinished = await added();
  await tick(day(1), day(2));
  await tick(day(2), day(3));
  const keep = { deployments: 10, logsDays: 30, commands: 1 };
  t.match(await retentionRepository(database).forget(keep, new AbortController().signal), { commands: 4 });
  t.same((await all()).map(({ status }) => status).sort(), ['queued', 'skipped']);
  t.ok((await all()).some(({ id }) => id === unfinished));
});
