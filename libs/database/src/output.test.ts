import { order } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { setUp } from './fixture.js';
import { newId } from './ids.js';
import { outputRepository } from './output.js';

/** Two deployments of one service that run, the first by `w1`. */
async function running(t: Test) {
  const { database, create, deployments, runs } = await setUp(t);
  const { id: serviceId } = await create('web');
  const start = async () => {
    const { id } = (await deployments.create(order(serviceId)))!;
    const lease = { deploymentId: id, owner: 'w', epoch: 1 };
    await runs.claim(id, 'w', 30);
    await runs.released(lease, { ids: ['c'], upstreams: [] });
    await runs.switch(lease, []);
    await runs.finish(lease, { status: 'succeeded' });
    return id;
  };
  return {
    database,
    deployments,
    outputs: outputRepository(database),
    serviceId,
    first: await start(),
    second: await start(),
  };
}

const lines = (...texts: string[]): [number, string, string][] => texts.map((text) => [1_000, 'stdout', text]);

t.test('one worker keeps an output, until it is gone or leaves it', async (t) => {
  const { database, deployments, outputs, first, second } = await running(t);
  t.same(await outputs.take([], 'w1', 30), []);
  t.same(await outputs.untended(), ['r']);
  t.match(await outputs.take([first, newId()], 'w1', 30), [
    { deploymentId: first, serviceId: String, position: null, snapshot: { runtimeId: 'r' } },
  ]);
  t.same(await outputs.take([first], 'w2', 30), [], 'w1 has it');
  await deployments.stopped(second);
  t.same(await outputs.untended(), [], 'what runs is kept');
  t.ok(await outputs.append(first, 'w1', lines('a'), 'then'));
  await database.sql`update output_keepers set kept_until = now() - interval '1 second'`;
  t.match(await outputs.take([first], 'w2', 30), [{ deploymentId: first, position: 'then' }]);
  t.equal(await outputs.append(first, 'w1', lines('b'), 'later'), false, 'w1 has lost it');
  await outputs.leave(first, 'w1');
  t.same(await outputs.take([first], 'w3', 30), [], 'it was not w1’s to leave');
  await outputs.renew([second], 'w2', 30);
  await outputs.renew([first], 'w2', 0);
  t.match(await outputs.take([first], 'w2', 30), [{ position: 'then' }]);
  await outputs.leave(first, 'w2');
  t.match(await outputs.take([first], 'w3', 30), [{ position: 'then' }]);
  await deployments.stopped(second);
  t.same(await outputs.take([second], 'w3', 30), [], 'nothing of it runs');
});

t.test('lines are numbered through all releases of a service and environment', async (t) => {
  const { outputs, serviceId, first, second } = await running(t);
  await outputs.take([first, second], 'w', 30);
  await outputs.append(first, 'w', lines('a', 'b'), '1');
  await outputs.append(second, 'w', lines('c'), '2');
  await outputs.append(first, 'w', lines('d\0'), '3');
  const all = await outputs.read(serviceId, 'production', 0, 10);
  t.same(
    all.map(({ seq, deploymentId, text }) => [seq, deploymentId, text]),
    [
      [1, first, 'a'],
      [2, first, 'b'],
      [3, second, 'c'],
      [4, first, 'd\0'],
    ],
  );
  t.match(all[0], { at: '1970-01-01T00:00:01.000Z', stream: 'stdout' });
  t.match(await outputs.read(serviceId, 'production', 1, 2), [{ text: 'b' }, { text: 'c' }]);
  t.same(await outputs.read(serviceId, 'preview', 0, 10), []);
  t.same([await outputs.lastSeq(serviceId, 'production'), await outputs.lastSeq(serviceId, 'preview')], [4, 0]);
});

t.test('the oldest lines go, by number and by size', async (t) => {
  const { outputs, serviceId, first } = await running(t);
  await outputs.take([first], 'w', 30);
  const left = async () => (await outputs.read(serviceId, 'production', 0, 100)).map(({ seq }) => seq);
  for (let chunk = 0; chunk < 5; chunk += 1) await outputs.append(first, 'w', lines('x', 'y'), '1');
  await outputs.trim(first, { lines: 5, bytes: 1e6 });
  t.same(await left(), [5, 6, 7, 8, 9, 10], 'whole chunks, at least as many as shall be kept');
  await outputs.append(first, 'w', lines('z'.repeat(1_000)), '1');
  await outputs.trim(first, { lines: 1_000, bytes: 1_100 });
  t.same(await left(), [9, 10, 11]);
});
