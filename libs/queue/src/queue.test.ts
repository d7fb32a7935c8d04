import { redisMissing, testDatabase, testRedis, until } from '@pierhead/testing';
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
    const queue = createQueue(connection, (error) => t.fail(error.message));
    t.teardown(() => queue.close());
    await queue.ping();
    const seen: string[] = [];
    const start = (process: (id: string) => Promise<void>) =>
      createQueueWorker(connection, { slots: 2, process, onError: (error) => t.fail(error.message) });

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
      let release = () => {};
      let ended = false;
      const worker = await start(async () => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        ended = true;
      });
      await queue.add('d', 1);
      const idle = release;
      await until('it is under way', async () => release !== idle);
      const closing = worker.close();
      release();
      await closing;
      t.ok(ended);
    });
  });
}
