import { order, plainService, until } from '@pierhead/testing';
import t from 'tap';
import { setUp, worker } from './fixture.js';
import { listen } from './listen.js';

const gpu = { delivery: { ...plainService.delivery, workerLabels: ['gpu'] } };
const noDocker = { fault: 'No Docker engine answers.' };

t.test('a deployment waits with a reason until a worker has its label, and goes to that one', async (t) => {
  const { deployments, dispatches, workers, runs, create } = await setUp(t);
  const service = await create('labelled', gpu);
  const { id } = (await deployments.create(order(service.id)))!;
  t.same(await dispatches.take(), []);
  t.match(await deployments.find(id), { status: 'queued', queue: { reason: 'No worker has the label gpu.' } });

  await workers.heartbeat(worker('g', { labels: ['gpu'] }));
  t.match(await deployments.find(id), { queue: { reason: null } });
  t.same(await dispatches.take(), [{ id, attempt: 1, workerId: 'g' }]);
  t.equal(await runs.claim(id, 'any', 30), null, 'nobody else may take it');
  t.match(await runs.claim(id, 'g', 30), { leaseOwner: 'g' });
});

t.test('without a worker everything waits, and says so', async (t) => {
  const { deployments, dispatches, workers, create } = await setUp(t);
  await workers.leave('any');
  t.same(await workers.list(), []);
  const { id } = (await deployments.create(order((await create('alone')).id)))!;
  t.same(await dispatches.take(), []);
  t.match(await deployments.find(id), { queue: { position: 1, blockedBy: null, reason: 'No worker is running.' } });
  await workers.heartbeat(worker('any'));
  t.same(await dispatches.take(), [{ id, attempt: 1, workerId: null }]);
});

t.test('what was handed to a worker that left goes to another at once', async (t) => {
  const { deployments, dispatches, workers, create } = await setUp(t);
  for (const id of ['g1', 'g2']) await workers.heartbeat(worker(id, { labels: ['gpu'] }));
  const { id } = (await deployments.create(order((await create('moved', gpu)).id)))!;
  t.same(await dispatches.take(), [{ id, attempt: 1, workerId: 'g1' }]);
  t.same(await dispatches.take(), [], 'it is on its way');
  await workers.leave('g1');
  t.same(await dispatches.take(), [{ id, attempt: 1, workerId: 'g2' }]);
  await workers.leave('g2');
  t.same(await dispatches.take(), []);
  t.match(await deployments.find(id), { status: 'queued', queue: { reason: 'No worker has the label gpu.' } });
});

t.test('what a living worker does not take in time goes to another', async (t) => {
  const { database, deployments, dispatches, workers, create } = await setUp(t);
  for (const id of ['g1', 'g2']) await workers.heartbeat(worker(id, { labels: ['gpu'] }));
  const { id } = (await deployments.create(order((await create('slow', gpu)).id)))!;
  t.same(await dispatches.take(), [{ id, attempt: 1, workerId: 'g1' }]);
  await database.sql`update deployments set dispatched_at = now() - interval '20 seconds'`;
  t.same(await dispatches.take(), [{ id, attempt: 1, workerId: 'g2' }]);
});

t.test('deployments that few can run are spread by their free slots', async (t) => {
  const { deployments, dispatches, workers, runs, create } = await setUp(t);
  await workers.heartbeat(worker('g1', { labels: ['gpu'], slots: 2 }));
  await workers.heartbeat(worker('g2', { labels: ['gpu'], slots: 3 }));
  const services = await Promise.all([1, 2, 3, 4].map((n) => create(`spread-${n}`, gpu)));
  for (const service of services.slice(0, 3)) await deployments.create(order(service.id));
  const chosen = await dispatches.take();
  t.same(
    chosen.map((each) => each.workerId),
    ['g2', 'g1', 'g2'],
  );
  await runs.claim(chosen[1]!.id, 'g1', 30);
  await runs.claim(chosen[0]!.id, 'g2', 30);
  await runs.finish({ deploymentId: chosen[0]!.id, owner: 'g2', epoch: 1 }, { status: 'succeeded' });
  await deployments.create(order(services[3]!.id));
  t.match(await dispatches.take(), [{ workerId: 'g2' }], 'one runs on g1, one waits for g2');
});

t.test(
  'a worker that cannot run a deployment hands it back where another can, and keeps it where none can',
  async (t) => {
    const { deployments, dispatches, workers, create } = await setUp(t);
    const { id } = (await deployments.create(order((await create('back')).id)))!;
    t.same(await dispatches.take(), [{ id, attempt: 1, workerId: null }]);
    await workers.heartbeat(worker('broken', noDocker));
    const requirements = (await dispatches.requirements(id))!;
    t.equal(await dispatches.isFor(id, requirements, 'broken'), false);
    t.same(await dispatches.take(), [{ id, attempt: 1, workerId: 'any' }], 'it is dispatched anew');
    await workers.heartbeat(worker('any', noDocker));
    t.equal(await dispatches.isFor(id, requirements, 'broken'), true, 'it fails there with the reason');
  },
);

t.test('a worker that left is forgotten after a minute, unless it comes back', async (t) => {
  const { database, workers } = await setUp(t);
  await workers.heartbeat(worker('w'));
  await workers.leave('w');
  t.same(await workers.silent(), []);
  await database.sql`update workers set last_heartbeat_at = now() - interval '61 seconds' where id = 'w'`;
  t.same(await workers.silent(), ['w']);
  await workers.heartbeat(worker('w'));
  await workers.forget('w');
  t.same(
    (await workers.list()).map((each) => each.id),
    ['any', 'w'],
  );
});

t.test('lookups are kept once for each question of a deployment, the last answer counts', async (t) => {
  const { database, deployments, lookups, create } = await setUp(t);
  const { id } = (await deployments.create(order((await create('asked')).id)))!;
  const question = { kind: 'builder' as const, entryId: 'b', version: '1.0.0' };
  await lookups.record(id, 'w1', [
    { ...question, found: false },
    { ...question, kind: 'provider', found: true },
  ]);
  await lookups.record(id, 'w2', [{ ...question, found: true }]);
  t.same(
    [...(await database.sql`select kind, found, worker_id from registry_lookups order by kind`)],
    [
      { kind: 'builder', found: true, worker_id: 'w2' },
      { kind: 'provider', found: true, worker_id: 'w1' },
    ],
  );
});

t.test(
  'a worker that refuses is given nothing, which is told at once, and a heartbeat takes nothing back',
  async (t) => {
    const { database, deployments, dispatches, workers, create } = await setUp(t);
    let told = 0;
    const heard = () => {
      told += 1;
    };
    await listen(database, 'workers', heard, () => {});
    const { id } = (await deployments.create(order((await create('full')).id)))!;
    await workers.refuse('any', 'No room.');
    await workers.refuse('any', 'No room.');
    await until('it is told', async () => told > 0);
    await workers.heartbeat(worker('any'));
    t.match(await workers.list(), [{ id: 'any', refusal: 'No room.' }]);
    t.equal(told, 1, 'a heartbeat that changes nothing tells nothing');
    t.same(await dispatches.take(), []);
    t.match(await deployments.find(id), { queue: { reason: 'Worker any: No room.' } });
    await workers.refuse('any', null);
    await until('its end is told', async () => told === 2);
    t.same(await dispatches.take(), [{ id, attempt: 1, workerId: null }]);
  },
);
