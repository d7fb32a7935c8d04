import { order } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { setUp } from './fixture.js';
import { newId } from './ids.js';
import { routeSource } from './routes.js';
import { type NewSample, sampleRepository } from './samples.js';

async function prepared(t: Test) {
  const { database, create, deployments, services } = await setUp(t);
  const { id: serviceId } = await create('web');
  const deployment = async () => (await deployments.create(order(serviceId)))!.id;
  const source = routeSource(database, { gatewayId: 'g', baseDomain: 'localhost' });
  const samples = sampleRepository(database);
  const read = () => samples.read(serviceId, 'production', 0, 2 ** 33);
  /** Makes everything that is stored so much older, by whole steps; over a detour, for no two rows may meet. */
  const age = async (seconds: number) => {
    await database.sql`update release_samples set at = at - make_interval(days => 1000, secs => ${seconds})`;
    await database.sql`update release_samples set at = at + interval '1000 days'`;
  };
  const kept = async () =>
    (
      await database.sql<{ step: number; count: number }[]>`
      select step_seconds as step, count(*)::int as count from release_samples group by 1 order by 1`
    ).map(({ step, count }) => [step, count]);
  const merge = () => samples.merge(new AbortController().signal);
  return { database, services, serviceId, deployment, source, samples, read, age, kept, merge };
}

const taken = (deploymentId: string, more: Partial<NewSample> = {}): NewSample => ({
  deploymentId,
  seconds: 10,
  cpuSeconds: 5,
  receivedBytes: 100,
  sentBytes: 200,
  memoryBytes: 1_000,
  memoryLimitBytes: 5_000,
  pids: 3,
  replicas: 1,
  restarts: 0,
  ...more,
});

const answered = (deploymentId: string, responses: number[], durations: number[]) => ({
  deploymentId,
  requests: responses.reduce((sum, each) => sum + each, 0),
  failures: responses[5] ?? 0,
  responses,
  durations,
});

t.test('what workers measure and gateways count adds up in one row for each step', async (t) => {
  const { deployment, source, samples, read } = await prepared(t);
  const id = await deployment();
  await samples.add([]);
  await samples.add([taken(id), taken(newId())]);
  t.match(await read(), [{ ...taken(id), responses: [], durations: [] }]);
  await source.report([answered(id, [0, 0, 3, 0, 0, 1], [2, 2])]);
  await source.report([answered(id, [1, 0, 1, 0, 0, 0], [1, 0, 1]), answered(newId(), [1], [1])]);
  await samples.add([taken(id, { memoryBytes: 3_000_000_000, memoryLimitBytes: null, restarts: 2 })]);
  // A step may have ended meanwhile.
  const rows = await read();
  const total = (pick: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + pick(row), 0);
  t.equal(
    total((row) => row.cpuSeconds),
    10,
  );
  t.equal(
    total((row) => row.seconds),
    20,
  );
  t.equal(
    total((row) => row.durations[0] ?? 0),
    3,
  );
  t.equal(
    total((row) => row.responses[2] ?? 0),
    4,
  );
  t.equal(Math.max(...rows.map((row) => row.memoryBytes ?? 0)), 3_000_000_000);
  t.equal(Math.max(...rows.map((row) => row.restarts ?? 0)), 2);
  t.ok(rows.length <= 2 && rows.every(({ at }) => at % 10 === 0));
});

t.test('samples are merged as they age, nothing is lost or counted twice, and a week later they go', async (t) => {
  const { database, deployment, source, samples, read, age, kept, merge } = await prepared(t);
  const [one, two] = [await deployment(), await deployment()];
  const { now } = samples;
  const steps = 60;
  for (let step = 0; step < steps; step += 1) {
    await age(10);
    await samples.add([taken(one, { memoryBytes: step }), taken(two)]);
    await source.report([answered(one, [0, 0, 1], [0, 1])]);
  }
  const sums = async () => {
    const rows = (await read()).filter(({ deploymentId }) => deploymentId === one);
    return {
      cpu: rows.reduce((sum, row) => sum + row.cpuSeconds, 0),
      requests: rows.reduce((sum, row) => sum + (row.responses[2] ?? 0), 0),
      durations: rows.reduce((sum, row) => sum + (row.durations[1] ?? 0), 0),
      memory: Math.max(...rows.map((row) => row.memoryBytes ?? 0)),
    };
  };
  const all = { cpu: 5 * steps, requests: steps, durations: steps, memory: steps - 1 };
  t.same(await sums(), all);
  await merge();
  t.match(await kept(), [[10, Number]], 'what is younger than an hour stays');
  await age(3_600 + 660);
  await Promise.all([merge(), merge()]);
  const [[step, count] = []] = await kept();
  t.equal(step, 300);
  t.ok(count! <= 3 * 2, `${count} rows for ten minutes of two releases`);
  t.same(await sums(), all);
  await merge();
  t.same(await kept(), [[300, count]], 'until they are a day old');
  // Reported late: into a step that has been merged.
  await samples.add([taken(one)]);
  await database.sql`update release_samples set at = (select max(at) from release_samples where step_seconds = 300)
    where step_seconds = 10`;
  await merge();
  t.same(await kept(), [[300, count]]);
  t.match(await sums(), { cpu: all.cpu + 5 });
  await age(86_400 + 3_600);
  await merge();
  const [[coarse, few] = []] = await kept();
  t.equal(coarse, 1_800);
  t.ok(few! <= 2 * 2);
  t.match(await sums(), { cpu: all.cpu + 5, requests: steps });
  await age(8 * 86_400);
  await merge();
  t.same(await kept(), []);
  t.ok((await now()) > 1.7e9);
});

t.test('a long pause is caught up on in parts', async (t) => {
  const { database, deployment, samples, kept, merge } = await prepared(t);
  const id = await deployment();
  await samples.add([taken(id)]);
  await database.sql`insert into release_samples (service_id, environment, step_seconds, at, deployment_id)
    select service_id, environment, 10, at - make_interval(secs => n * 1000), deployment_id
    from release_samples, generate_series(8, 80) n`;
  await merge();
  t.match(await kept(), [
    [10, 1],
    [300, 73],
  ]);
  const stopped = AbortSignal.abort();
  await database.sql`update release_samples set at = at - interval '2 hours' where step_seconds = 10`;
  await samples.merge(stopped);
  t.match(await kept(), [
    [10, 1],
    [300, 73],
  ]);
});

t.test('the releases of samples are told, also those that are forgotten, and what is live', async (t) => {
  const { database, deployment, services, samples, serviceId, kept } = await prepared(t);
  const [old, live] = [await deployment(), await deployment()];
  await database.sql`insert into releases (service_id, environment, deployment_id, upstreams, version)
    values (${serviceId}, 'production', ${live}, '[]', 1)`;
  const forgotten = newId();
  t.same(await samples.releases(serviceId, 'production', [old, forgotten]), [
    { deploymentId: old, number: 1, live: false },
    { deploymentId: live, number: 2, live: true },
    { deploymentId: forgotten, number: null, live: false },
  ]);
  t.same(await samples.releases(serviceId, 'preview', []), []);
  await samples.add([taken(old)]);
  await database.sql`delete from deployments where id = ${old}`;
  t.equal((await kept()).length, 1, 'they outlive their deployment');
  await database.sql`delete from services where id = ${serviceId}`;
  t.same(await kept(), [], 'and go with their service');
  t.equal(await services.find(serviceId), null);
});
