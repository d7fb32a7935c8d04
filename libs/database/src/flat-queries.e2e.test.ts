import { fillDeployments, order, testDatabase } from '@pierhead/testing';
import t from 'tap';
import { artifactRepository } from './artifacts.js';
import { connect } from './connect.js';
import { deploymentRepository } from './deployments.js';
import { dispatchRepository } from './dispatch.js';
import { worker } from './fixture.js';
import { newId } from './ids.js';
import { instanceRepository } from './instances.js';
import { logRepository } from './logs.js';
import { migrate } from './migrate.js';
import { registryUsageRepository } from './registry-usage.js';
import { retentionRepository } from './retention.js';
import { runRepository } from './runs.js';
import { serviceRepository } from './services.js';
import { uploadRepository } from './uploads.js';
import { workerRepository } from './workers.js';

const deployments = 1_000_000;
const services = 50;
const queued = 1_000;
const rounds = 7;
t.setTimeout(600_000);

async function timed(query: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await query();
  return performance.now() - started;
}

t.test('with a million deployments no query reads them all, and each takes milliseconds', async (t) => {
  const { url } = await testDatabase(t);
  await migrate(url);
  const filling = connect(url, { name: 'fill' });
  t.teardown(() => filling.close());
  await fillDeployments(filling.sql, { deployments, services, queued });
  // One connection, for what a connection has read is counted once it says so.
  const database = connect(url, { name: 'test', max: 1 });
  t.teardown(() => database.close());
  const { sql } = database;
  const scanned = async () => {
    await sql`select pg_stat_force_next_flush()`;
    return sql`select relname, seq_scan::int as scans from pg_stat_user_tables where relname in
      ('deployments', 'stages', 'log_chunks', 'registry_lookups') order by relname`;
  };

  const rows = deploymentRepository(database);
  const runs = runRepository(database);
  const dispatches = dispatchRepository(database);
  const service = (await serviceRepository(database).list({ projects: null, limit: 1, before: null })).items[0]!.id;
  const middle = (await rows.list({ limit: 1, before: null, serviceId: service })).items[0]!.id;
  await workerRepository(database).heartbeat(worker('any'));

  const unread = await scanned();
  await sql`select count(*) from deployments where status = 'failed' and want <> '{}'`;
  t.strictNotSame(await scanned(), unread, 'a reading from end to end is noticed');

  const look = async (what: string, limitMs: number, query: () => Promise<unknown>) => {
    const before = await scanned();
    const figures: number[] = [];
    for (let round = 0; round < rounds; round += 1) figures.push(await timed(query));
    t.same(await scanned(), before, `${what} reads no table from end to end`);
    const best = Math.min(...figures);
    t.ok(best < limitMs, `${what} takes ${best.toFixed(1)} ms`);
    t.comment(`${what}: ${best.toFixed(1)} ms`);
  };
  const signal = new AbortController().signal;

  await look('a page of all deployments', 100, () => rows.list({ limit: 50, before: null }));
  await look('a later page', 100, () => rows.list({ limit: 50, before: middle }));
  await look('a page of one service', 100, () => rows.list({ limit: 50, before: null, serviceId: service }));
  await look('a page of 200 that wait, with their places', 200, () => rows.list({ limit: 200, before: null }));
  await look('one deployment', 50, () => rows.find(middle));
  await look('a log', 50, () => logRepository(database).read(middle, 0, 100));
  await look('leftovers', 50, () => rows.leftovers(service, 'production'));
  await look('what is to be dispatched', 300, () => dispatches.take());
  await look('lapsed leases', 50, () => dispatches.releaseLapsed());
  await look('a claim', 50, () => runs.claim(newId(), 'any', 15));
  await look('a new deployment', 50, () => rows.create(order(service)));
  const { input: _, ...asked } = order(service);
  await look('a rollback', 50, () => rows.rollback({ ...asked, deploymentId: null }));
  await look('cancel', 50, () => rows.cancel(middle));
  await look('usage', 100, () => registryUsageRepository(database).read('provider', 'p'));
  await look('removed services', 50, () => serviceRepository(database).removed());
  await look('what a service alone has', 50, () => serviceRepository(database).ownArtifacts(service));
  await look('artifacts that are held', 100, () => artifactRepository(database).held());
  await look('whether an artifact is needed', 50, () => artifactRepository(database).isNeeded('sha256:1'));
  await look('artifacts of a key', 50, () => artifactRepository(database).ofKey('key'));
  await look('what a revision was made with', 50, () => artifactRepository(database).madeOf(service, 'r'));
  await look('strays', 50, () => instanceRepository(database).strays([newId(), middle]));
  await look('unused uploads', 200, () => uploadRepository(database).removeUnused(async () => {}, 0));
  await look('the largest uploads', 200, () => uploadRepository(database).list(100));
  await look('retention with nothing to forget', 5_000, () =>
    retentionRepository(database).forget(
      { deployments: 9_999_999, deploymentsDays: 9_999, logsDays: 9_999, commands: 9_999_999 },
      signal,
    ),
  );
});
