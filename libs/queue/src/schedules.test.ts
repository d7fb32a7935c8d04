import { redisMissing, testDatabase, testRedis, until } from '@pierhead/testing';
import { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { createScheduleQueue, type Recurrence } from './schedules.js';

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

const everySecond = (id: string): Recurrence => ({ id, cron: '* * * * * *', timeZone: 'Europe/Berlin' });

for (const { name, skip, settings } of backends) {
  t.test(`on ${name}`, { skip }, async (t) => {
    const connection: { databaseUrl: string; redisUrl?: string } = await settings(t);
    const heard: { recurrence: Recurrence; at: Date; by: string }[] = [];
    const open = async (by: string) => {
      const queue = await createScheduleQueue(connection, {
        onTick: async (recurrence, at) => void heard.push({ recurrence, at, by }),
        onError: (error) => t.fail(error.message),
      });
      t.teardown(() => queue.close());
      return queue;
    };
    const [one, two] = [await open('one'), await open('two')];
    const times = (id: string) => heard.filter(({ recurrence }) => recurrence.id === id).map(({ at }) => at.getTime());
    const since = (id: string, moment: number) => times(id).filter((at) => at > moment);

    t.test('each moment rings once, however many listen and are told', async (t) => {
      await Promise.all([one.reconcile([everySecond('s/a')]), two.reconcile([everySecond('s/a')])]);
      await until('it rings thrice', async () => times('s/a').length >= 3);
      for (let round = 0; round < 5; round += 1)
        await Promise.all([one.reconcile([everySecond('s/a')]), two.reconcile([everySecond('s/a')])]);
      const before = Date.now();
      await until('it goes on', async () => since('s/a', before).length >= 2);
      t.same(
        times('s/a').filter((at) => at % 1_000 !== 0),
        [],
      );
      t.equal(new Set(times('s/a')).size, times('s/a').length);
      t.match(heard[0], { recurrence: everySecond('s/a') });
    });

    t.test('one that is not wanted any more falls silent, and may come back', async (t) => {
      await one.reconcile([everySecond('s/b')]);
      const gone = Date.now() + 1_000;
      await until('the other one rings', async () => since('s/b', gone).length >= 2);
      t.same(since('s/a', gone), []);
      await one.reconcile([everySecond('s/a'), everySecond('s/b')]);
      await until('both ring', async () => since('s/a', gone).length >= 2);
    });

    t.test('one that is changed rings at its new times alone', async (t) => {
      await one.reconcile([everySecond('s/a'), { ...everySecond('s/b'), cron: '0 0 0 1 1 *' }]);
      const changed = Date.now() + 1_000;
      await until('the other one rings', async () => since('s/a', changed).length >= 2);
      t.same(since('s/b', changed), []);
    });

    if (connection.redisUrl)
      t.test('what the store has lost comes back', async (t) => {
        const redis = new Redis(connection.redisUrl!);
        await redis.flushall();
        await redis.quit();
        await one.reconcile([everySecond('s/a')]);
        const flushed = Date.now();
        await until('it rings', async () => since('s/a', flushed).length >= 2);
        t.pass();
      });
  });
}
