import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '@pierhead/embedded-postgres';
import { until } from '@pierhead/testing';
import t from 'tap';
import { connect } from './connect.js';

t.setTimeout(120_000);

const crashes = 6;
/** Longer than a pause between two tries to connect, and than any of the statements takes. */
const patienceMs = 5_000;
/** Now and then the server stays away for longer than the driver's first tries to connect. */
const awayMs = 2_000;

t.test('every statement ends soon after the server is back, however often it crashes', async (t) => {
  const dataDir = t.testdir();
  let server = await startEmbeddedPostgres({ dataDir });
  t.teardown(() => server.stop());
  const port = Number(new URL(server.url).port);
  const { sql, close } = connect(server.url, { name: 'test', max: 6 });
  t.teardown(close);
  await sql`create table numbers (id int primary key)`;
  await sql.listen(
    'numbers',
    () => {},
    () => {},
  );

  const under = new Set<{ what: string; since: number }>();
  let count = 0;
  let stopped = false;
  const repeat = async (what: string, statement: () => Promise<unknown>) => {
    while (!stopped) {
      const one = { what, since: performance.now() };
      under.add(one);
      await statement().catch(() => delay(20));
      under.delete(one);
      count += 1;
    }
  };
  const insert = () => sql`insert into numbers values (${count}) on conflict do nothing`;
  const transaction = () =>
    sql.begin(async (tx) => {
      await tx`select 1`;
      await tx`delete from numbers where id = ${count}`;
    });
  const running = [
    repeat('insert', insert),
    repeat('insert', insert),
    repeat('transaction', transaction),
    repeat('transaction', transaction),
    repeat('sleep', () => sql`select pg_sleep(0.05)`),
    repeat('unprepared', () => sql.unsafe('select count(*) from numbers where id > $1', [count])),
  ];
  for (let crash = 1; crash <= crashes; crash += 1) {
    const counted = count;
    await until('statements run', async () => count > counted + 50);
    process.kill(server.pid, 'SIGQUIT');
    await server.ended;
    if (crash % 2) await delay(awayMs);
    server = await startEmbeddedPostgres({ dataDir, port });
    const back = performance.now();
    const stuck = () => [...under].filter(({ since }) => since < back).map(({ what }) => what);
    await until('every statement ends', async () => stuck().length === 0, patienceMs).catch(() => {});
    t.same(stuck(), [], `after crash ${crash}`);
  }
  stopped = true;
  await Promise.all(running);
  t.ok(count > 100, `${count} statements`);
});
