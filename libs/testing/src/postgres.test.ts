import postgres from 'postgres';
import t from 'tap';
import { testDatabase } from './postgres.js';
import { redisMissing, testRedis } from './redis.js';

t.test('each test database is empty, its own, and gone afterwards', async (t) => {
  let first = '';
  await t.test('two of them differ', async (t) => {
    const [a, b] = await Promise.all([testDatabase(t), testDatabase(t)]);
    t.not(a.url, b.url);
    first = a.url;
    const sql = postgres(a.url, { max: 1 });
    await sql`create table mine (id int)`;
    await sql.end();
  });
  const gone = postgres(first, { max: 1 });
  await t.rejects(gone`select 1`, { code: '3D000' });
  await gone.end();
});

t.test('a test Redis answers while the test runs', { skip: redisMissing() }, async (t) => {
  const { url, pid } = await testRedis(t);
  t.match(url, /^redis:\/\/127\.0\.0\.1:\d+$/);
  t.ok(process.kill(pid, 0));
});
