import { redisMissing, testDatabase, testRedis, until } from '@pierhead/testing';
import { Client } from 'pg';
import t, { type Test } from 'tap';
import { createQueue } from './queue.js';
import { createQueueWorker } from './worker.js';

const backends = [
  {
    name: 'PostgreSQL',
    skip: false as const,
    settings: async (t: Test) => ({ databaseUrl: (await testDatabase(t)).url }),
  },
  {
    name: 'Redis',
    skip: redisMissing(),
    settings: async (t: Test) => ({ databaseUrl: 'postgres://unused', redisUrl: (await testRedis(t)).url }),
  },
];

for (const { name, skip, settings } of backends) {
  t.test(`on ${name}`, { skip }, async (t) => {
    const connection = await settings(t);
    const queue = createQueue('deployments', connection, (error) => t.fail(error.message));
    t.teardown(() => queue.close());
    await queue.ping();
    const seen: string[] = [];
    const start = (process: (id: string) => Promise<void>, { workerId = 'w', slots = 2 } = {}) =>
      createQueueWorker(connection, {
        kind: 'deployments',
        workerId,
        slots,
        process,
        onError: (error) => t.fail(error.message),
      });

    t.test('what was queued before a worker came is taken, and the same attempt once', async (t) => {
      await queue.add('a', 1);
      await queue.add('a', 1);
      await queue.add('b', 1);
      const worker = await start(async (id) => void seen.push(id));
      await until('both are taken', async () => seen.length >= 2);
      await queue.add('a', 2);
      await until('the next attempt is taken', async () => seen.length >= 3);
      await worker.close();
      t.same(seen.sort(), ['a', 'a', 'b']);
    });

    t.test('an id that has been worked off may come again', async (t) => {
      seen.length = 0;
      const worker = await start(async (id) => void seen.push(id));
      await queue.add('c', 1);
      await until('it is taken', async () => seen.length === 1);
      await until('it is taken again', async () => {
        await queue.add('c', 1);
        return seen.length > 1;
      });
      await worker.close();
      t.ok(seen.every((id) => id === 'c'));
    });

    t.test('closing waits for the work under way', async (t) => {
      const underWay = new Map<string, () => void>();
      let ended = false;
      const worker = await start(async (id) => {
        // One more `c` may have been left.
        if (id !== 'd') return;
        await new Promise<void>((resolve) => underWay.set(id, resolve));
        ended = true;
      });
      await queue.add('d', 1);
      await until('it is under way', async () => underWay.has('d'));
      const closing = worker.close();
      underWay.get('d')?.();
      await closing;
      t.ok(ended);
    });

    t.test(
      'a worker that was stopped takes nothing more, not even when a slot becomes free; another has it',
      async (t) => {
        const underWay: (() => void)[] = [];
        const taken: string[] = [];
        const stopping = await start(
          (id) => new Promise((resolve) => underWay.push(() => resolve(void taken.push(id)))),
        );
        await queue.add('s1', 1);
        await until('it is under way', async () => underWay.length === 1);
        await stopping.stop();
        await queue.add('s2', 1);
        underWay[0]?.();
        const other: string[] = [];
        const going = await start(async (id) => void other.push(id), { workerId: 'other' });
        await until('the other one has it', async () => other.length === 1);
        await Promise.all([stopping.close(), going.close()]);
        t.same([taken, other, underWay.length], [['s1'], ['s2'], 1]);
      },
    );

    t.test('a worker takes what is for it alone, and nobody else does', async (t) => {
      const taken: string[] = [];
      const workers = await Promise.all(
        ['one', 'two'].map((workerId) => start(async (id) => void taken.push(`${workerId} ${id}`), { workerId })),
      );
      for (let job = 0; job < 6; job += 1) await queue.add(`e${job}`, 1, job % 2 ? 'one' : 'two');
      await until('all are taken', async () => taken.length === 6);
      await Promise.all(workers.map((worker) => worker.close()));
      t.same(taken.sort(), ['one e1', 'one e3', 'one e5', 'two e0', 'two e2', 'two e4']);
    });

    t.test('both queues share the slots, and a full worker leaves common jobs to an idle one', async (t) => {
      const underWay = new Map<string, () => void>();
      const takenBy = new Map<string, string>();
      const most = { full: 0, idle: 0 };
      const busy = { full: 0, idle: 0 };
      const work = (workerId: 'full' | 'idle') => async (id: string) => {
        busy[workerId] += 1;
        most[workerId] = Math.max(most[workerId], busy[workerId]);
        takenBy.set(id, workerId);
        await new Promise<void>((resolve) => underWay.set(id, resolve));
        busy[workerId] -= 1;
      };
      const full = await start(work('full'), { workerId: 'full', slots: 2 });
      await queue.add('f1', 1, 'full');
      await queue.add('f2', 1, 'full');
      await until('the worker is full', async () => underWay.size === 2);
      await queue.add('f3', 1, 'full');
      await queue.add('f4', 1);
      await queue.add('f5', 1);
      const idle = await start(work('idle'), { workerId: 'idle', slots: 2 });
      await until('the idle one has the common jobs', async () => underWay.size === 4);
      t.same([takenBy.get('f4'), takenBy.get('f5')], ['idle', 'idle']);
      t.notOk(takenBy.has('f3'), 'what is for the full worker waits for it');
      underWay.get('f1')?.();
      await until('it goes on once a slot is free', async () => takenBy.get('f3') === 'full');
      for (let job = 6; job < 12; job += 1) await queue.add(`f${job}`, 1, job % 3 ? null : 'full');
      await until('everything is worked off', async () => {
        for (const end of underWay.values()) end();
        return takenBy.size === 11 && busy.full + busy.idle === 0;
      });
      await Promise.all([full.close(), idle.close()]);
      t.same(most, { full: 2, idle: 2 }, 'never more than the slots at once');
    });

    t.test('the queue of a worker that is gone goes with it, and may come back', async (t) => {
      await queue.add('g1', 1, 'gone');
      await queue.forget('gone');
      await queue.forget('gone');
      const taken: string[] = [];
      const worker = await start(async (id) => void taken.push(id), { workerId: 'gone' });
      await queue.add('g2', 1, 'gone');
      await until('what came later is taken', async () => taken.length > 0);
      await worker.close();
      t.same(taken, ['g2']);
    });
  });
}

t.test('a worker and whoever gives it work hold few connections of PostgreSQL', async (t) => {
  const { url } = await testDatabase(t);
  const fail = (error: Error) => t.fail(error.message);
  const seen: string[] = [];
  const queue = createQueue('deployments', { databaseUrl: url }, fail);
  const worker = await createQueueWorker(
    { databaseUrl: url },
    { kind: 'deployments', workerId: 'w', slots: 8, process: async (id) => void seen.push(id), onError: fail },
  );
  t.teardown(() => Promise.all([queue.close(), worker.close()]));
  const ids = Array.from({ length: 20 }, (_, index) => `d${index}`);
  await Promise.all(ids.map((id, index) => queue.add(id, 1, index % 2 ? 'w' : null)));
  await until('all are taken', async () => seen.length === ids.length);
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await client.end();
  t.ok(rows.length <= 6, `${rows.length} connections`);
});
