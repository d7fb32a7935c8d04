import { randomBytes } from 'node:crypto';
import { connect, migrate, newId, projectRepository, sampleRepository, serviceRepository } from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import { durationRange, durationRanges, type ReleaseFigures, type ServiceMetrics } from '@pierhead/model';
import { events, plainService, testDatabase, until } from '@pierhead/testing';
import t, { type Test } from 'tap';
import type { ApiContext } from './context.js';
import { createApp } from './create-app.js';
import { tokenVerifier } from './identify.js';

t.setTimeout(120_000);

/** The API with a service whose one live release has samples. */
async function setUp(t: Test) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  const services = serviceRepository(database);
  const samples = sampleRepository(database);
  const context = { database, services, samples } as Partial<ApiContext> as ApiContext;
  const token = randomBytes(32).toString('hex');
  const verify = tokenVerifier(token, { find: async () => null } as never);
  const app = await createApp(context, { logger: createLogger('api', 'silent'), verify, checks: {} });
  t.teardown(async () => {
    await app.close();
    await database.close();
  });
  const { id: projectId } = await projectRepository(database).ensureDefault();
  const serviceId = newId();
  await services.create({ ...plainService, id: serviceId, projectId, name: 'web' });
  const deploymentId = newId();
  await database.sql`insert into deployments (id, service_id, environment, number, trigger, want, snapshot)
    values (${deploymentId}, ${serviceId}, 'production', 7, '{}', '{}', '{}')`;
  await database.sql`insert into releases (service_id, environment, deployment_id, upstreams, version)
    values (${serviceId}, 'production', ${deploymentId}, '[]', 1)`;
  /** A step of ten seconds, so many seconds ago, in which half a core was busy and 100 requests came. */
  const add = async (ago: number, id = deploymentId) => {
    const durations = new Array<number>(durationRanges).fill(0);
    durations[durationRange(9)] = 90;
    durations[durationRange(300)] = 10;
    await database.sql`
      insert into release_samples (service_id, environment, step_seconds, at, deployment_id, seconds, cpu_seconds,
        received_bytes, sent_bytes, memory_bytes, memory_limit_bytes, pids, replicas, restarts, responses, durations)
      select ${serviceId}, 'production', 10, to_timestamp(floor(extract(epoch from now()) / 10) * 10 - ${ago}::int), ${id}, 10, 5,
        1000, 2000, ${1_000_000 + ago}, 5000000, 4, 1, 2, ${[0, 0, 80, 5, 10, 5]}, ${durations}`;
  };
  const headers = { authorization: `Bearer ${token}` };
  const get = (query = '', id = serviceId) => app.inject({ url: `/services/${id}/metrics${query}`, headers });
  const read = async (query = '') => (await get(query)).json() as ServiceMetrics;
  /** What counts as the last half minute changes with each step: what is added and read now is in one. */
  const begin = () =>
    until('a step has begun', async () => {
      const [row] = await database.sql`select (extract(epoch from now()) % 10)::float8 as into`;
      return row!.into < 4;
    });
  return { app, database, samples, serviceId, deploymentId, add, begin, get, read, headers };
}

const figures: Partial<ReleaseFigures> = {
  cpuCores: 0.5,
  memoryLimitBytes: 5_000_000,
  pids: 4,
  replicas: 1,
  restarts: 2,
  receivedBytesPerSecond: 100,
  sentBytesPerSecond: 200,
};

t.test('the figures of the last hour come in steps, with the present ones beside them', async (t) => {
  const { add, begin, read, deploymentId } = await setUp(t);
  const none = await read();
  t.match(none, {
    environment: 'production',
    stepSeconds: 30,
    releases: [{ deploymentId, number: 7, live: true, latest: null, points: [] }],
  });
  await begin();
  for (const ago of [10, 20, 30, 600, 3_500]) await add(ago);
  const { releases, from, to } = await read('?stepSeconds=10');
  t.equal(Date.parse(to) - Date.parse(from), 3_600_000);
  t.equal(releases[0]!.points.length, 5);
  t.match(releases[0]!.points[0], {
    ...figures,
    memoryBytes: 1_003_500,
    requests: 100,
    requestsPerSecond: 10,
    responses: { '1xx': 0, '2xx': 80, '3xx': 5, '4xx': 10, '5xx': 5, unanswered: 0 },
  });
  const { p50Ms, p95Ms, p99Ms } = releases[0]!.points[0]!;
  t.ok(p50Ms! > 6 && p50Ms! < 12, String(p50Ms));
  t.ok(p95Ms! > 200 && p95Ms! <= p99Ms! && p99Ms! < 400, `${p95Ms} ${p99Ms}`);
  const { latest } = releases[0]!;
  t.match(latest, { ...figures, memoryBytes: 1_000_030, requests: 300, requestsPerSecond: 10 });
  const wide = await read('?stepSeconds=3600');
  t.equal(
    wide.releases[0]!.points.reduce((sum, { requests }) => sum + requests, 0),
    500,
  );
});

t.test('another release and another time are told apart', async (t) => {
  const { add, read, database } = await setUp(t);
  const forgotten = newId();
  await add(600, forgotten);
  await add(10);
  const { releases } = await read();
  t.same(
    releases.map(({ number, live, points }) => [number, live, points.length]),
    [
      [7, true, 1],
      [null, false, 1],
    ],
  );
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
  const earlier = await read(`?from=${ago(1_200)}&to=${ago(300)}`);
  t.match(earlier.releases.map(({ live, points, latest }) => [live, points.length, latest !== null]).sort(), [
    [false, 1, false],
    [true, 0, true],
  ]);
  t.same((await read('?environment=preview')).releases, []);
  t.equal((await read(`?from=${ago(80_000)}`)).stepSeconds, 900);
  t.equal((await read(`?from=${ago(80_000)}&stepSeconds=310`)).stepSeconds, 600, 'what is kept in longer steps');
  t.equal((await read(`?from=${ago(6 * 86_400)}&stepSeconds=1800`)).stepSeconds, 1_800);
  t.equal((await read('?from=1970-01-01T00:00:00Z')).stepSeconds, 5_400, 'a week at most');
  t.same((await read('?from=1970-01-01T00:00:00Z&to=1970-02-01T00:00:00Z')).releases[0]!.points, []);
  await database.sql`delete from releases`;
  t.equal((await read()).releases.length, 2);
});

t.test('what cannot be is refused, with the name of the part', async (t) => {
  const { get, read } = await setUp(t);
  t.match((await get('', newId())).json(), { status: 404, code: 'service_not_found' });
  const wrong: Record<string, string> = {
    '?from=yesterday': 'from',
    '?to=2026-13-01T00:00:00Z': 'to',
    '?stepSeconds=15': 'stepSeconds',
    '?stepSeconds=0': 'stepSeconds',
    '?stepSeconds=1e99': 'stepSeconds',
    '?from=2999-01-01T00:00:00Z': 'from',
    '?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z': 'from',
    '?environment=Not%20One': 'environment',
  };
  for (const [query, name] of Object.entries(wrong)) {
    const { status, code, errors } = (await get(query)).json();
    t.match({ status, code }, { status: 400, code: 'invalid_request' }, query);
    t.match(errors, [{ path: `/query/${name}` }], query);
  }
  const hours = new Date(Date.now() - 3 * 3_600_000).toISOString();
  t.match((await read(`?from=${hours}&stepSeconds=10`)).stepSeconds, 300);
  t.match(await read('?from=1970-01-01T00:00:00Z&stepSeconds=10'), { stepSeconds: 1_800 });
});

t.test('a stream begins with all of it and goes on with what comes, until the service is removed', async (t) => {
  const { app, add, headers, serviceId, database } = await setUp(t);
  await add(600);
  await add(10);
  const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/services/${serviceId}/metrics`;
  const open = (more: Record<string, string> = {}, query = '?stepSeconds=10') =>
    fetch(url + query, { headers: { ...headers, accept: 'text/event-stream', ...more } });
  t.match(await (await open({}, '?to=2026-01-01T00:00:00Z')).json(), { status: 400, errors: [{ path: '/query/to' }] });
  const response = await open();
  t.match(response.headers.get('content-type'), /event-stream/);
  const seen: { id: string | null; event: string; points: number }[] = [];
  for await (const { id, event, data } of events(response)) {
    const points = event === 'metrics' ? (data as ServiceMetrics).releases[0]!.points.length : 0;
    seen.push({ id, event, points });
    if (seen.length === 1) await add(0);
    if (seen.length === 2) await database.sql`update services set deleted_at = now()`;
  }
  t.match(seen, [
    { event: 'metrics', points: 2 },
    { event: 'metrics', points: 2 },
    { event: 'end', points: 0 },
  ]);
  t.equal(Number(seen[1]!.id) - Number(seen[0]!.id), 10);
  await database.sql`update services set deleted_at = null`;
  const resumed = events(await open({ 'last-event-id': seen[1]!.id! }));
  const { value } = await resumed.next();
  const points = (value!.data as ServiceMetrics).releases[0]!.points;
  t.ok(points.length <= 2, 'not what was sent before');
  await resumed.return(undefined);
  for (const odd of ['999999999999999', '0', 'x']) {
    const stream = events(await open({ 'last-event-id': odd }));
    t.match((await stream.next()).value, { event: 'metrics' }, odd);
    await stream.return(undefined);
  }
});
