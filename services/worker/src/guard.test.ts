import { routeSource } from '@pierhead/database';
import { type Health, type Runtime, UserError } from '@pierhead/model';
import { plainService, until } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { setUp } from './fixture.js';
import { repositoriesOf } from './worker-context.js';

/** A worker whose second deployment is watched for so long; `look` says how its probes go once it serves. */
async function watched(
  t: Test,
  look: (number: number) => Promise<Health>,
  guardSeconds = 20,
  unavailable: Runtime['unavailable'] = async () => null,
) {
  let looks = 0;
  let serving = false;
  const upstreams = [{ kind: 'http' as const, host: '127.0.0.1', port: 1 }];
  const adopt: Runtime['adopt'] = async ({ deploymentId }) =>
    gone.has(deploymentId) ? null : { ids: [deploymentId], upstreams };
  const gone = new Set<string>();
  const probe: Runtime['probe'] = async () => (serving ? look(++looks) : { healthy: true });
  const found = await setUp(t, {
    runtime: { probe, adopt, unavailable },
    service: { delivery: { ...plainService.delivery, guardSeconds: 0 } },
  });
  const { worker, create, run } = found;
  const source = routeSource(worker.database, { gatewayId: 'g', baseDomain: 'localhost' });
  const first = await create();
  t.match(await run(first), { status: 'succeeded' });
  await worker.database.sql`update services set delivery = delivery || ${JSON.stringify({ guardSeconds })}::jsonb`;
  // Whatever serves has been probed at least once before.
  const { switch: moveRoute } = worker.runs;
  worker.runs.switch = async (...words) => {
    const switched = await moveRoute(...words);
    serving = true;
    return switched;
  };
  const live = async () => (await source.load()).routes[0]?.deploymentId;
  return { ...found, first, source, live, gone };
}

/** How a release ends that gives way to the one before. */
async function assertGaveWay(t: Test, found: Awaited<ReturnType<typeof watched>>, error: Record<string, unknown>) {
  const { create, run, first, live, calls, worker } = found;
  const second = await create();
  t.match(await run(second), { status: 'failed', live: false, error: { stage: 'switch', ...error } });
  t.equal(await live(), first);
  t.match(await worker.deployments.find(first), { live: true, status: 'succeeded' });
  t.ok(calls.includes(`stop ${second}`));
  t.notOk(calls.includes(`stop ${first}`));
}

t.test('a release that restarts gives way to the one before', async (t) => {
  const found = await watched(t, async (number) => ({ healthy: true, restarts: number > 2 ? 1 : 0 }));
  await assertGaveWay(t, found, { code: 'release_restarted' });
});

t.test('a release that ends gives way, with its own error', async (t) => {
  const found = await watched(t, () => Promise.reject(new UserError('app_exited', 'It ended.')));
  await assertGaveWay(t, found, { code: 'app_exited', message: 'It ended.' });
});

t.test('a release that becomes unhealthy gives way; one missed probe is forgiven', async (t) => {
  const unwell: Health = { healthy: false, reason: 'it sleeps' };
  const found = await watched(t, async (number) => (number === 2 ? { healthy: true } : unwell));
  await assertGaveWay(t, found, { code: 'release_unhealthy', message: /it sleeps$/ });
});

t.test('a release that answers more requests with 5xx than the one before gives way', async (t) => {
  const found = await watched(t, async () => {
    const deploymentId = (await found.live())!;
    await found.source.report([{ deploymentId, requests: 10, failures: 3, responses: [], durations: [] }]);
    return { healthy: true };
  });
  await found.source.report([{ deploymentId: found.first, requests: 100, failures: 10, responses: [], durations: [] }]);
  await assertGaveWay(t, found, { code: 'release_failing', message: /30 % of 20 requests.* with 10 %/ });
});

t.test('a release that a gateway gets no answer from gives way', async (t) => {
  const found = await watched(t, async () => ({ healthy: true }), 0);
  const { worker, source } = found;
  const { switch: moveRoute } = worker.runs;
  worker.runs.switch = async (lease, upstreams) => {
    const switched = (await moveRoute(lease, upstreams))!;
    await source.acknowledge(switched.version, {
      draining: [],
      withheld: { [lease.deploymentId]: 'no answer in time' },
    });
    worker.runs.switch = moveRoute;
    return switched;
  };
  await assertGaveWay(t, found, { code: 'release_unreachable', message: /no answer in time$/ });
});

t.test('where there was none before it gives way to nothing', async (t) => {
  const { worker, create, run, calls } = await setUp(t);
  const source = routeSource(worker.database, { gatewayId: 'g', baseDomain: 'localhost' });
  const { switch: moveRoute } = worker.runs;
  worker.runs.switch = async (lease, upstreams) => {
    const switched = (await moveRoute(lease, upstreams))!;
    await source.acknowledge(switched.version, {
      draining: [],
      withheld: { [lease.deploymentId]: 'no answer in time' },
    });
    return switched;
  };
  const id = await create();
  t.match(await run(id), { status: 'failed', live: false, error: { stage: 'switch', code: 'release_unreachable' } });
  t.same((await source.load()).routes, []);
  t.ok(calls.includes(`stop ${id}`));
});

t.test('a release that holds stays, and the old one is stopped after that', async (t) => {
  const seen: boolean[] = [];
  const found = await watched(
    t,
    async () => {
      seen.push(found.calls.includes(`stop ${found.first}`));
      const deploymentId = (await found.live())!;
      await found.source.report([{ deploymentId, requests: 30, failures: 1, responses: [], durations: [] }]);
      return { healthy: true };
    },
    2,
  );
  const second = await found.create();
  t.match(await found.run(second), { status: 'succeeded', live: true });
  t.ok(seen.length > 1 && !seen.includes(true), 'the old one was kept ready');
  t.ok(found.calls.includes(`stop ${found.first}`));
});

t.test('without a release to go back to, a release stays and the log says why that is doubtful', async (t) => {
  const found = await watched(t, () => Promise.reject(new UserError('app_exited', 'It ended.')), 20);
  found.gone.add(found.first);
  const second = await found.create();
  t.match(await found.run(second), { status: 'succeeded', live: true });
  t.ok((await found.logOf(second)).includes('It ended. There is no release to go back to.'));
});

t.test('a worker that takes over watches on', async (t) => {
  const found = await watched(t, async (number) => {
    if (number === 1) found.active.get(second)!.fire('shutdown');
    return { healthy: true, restarts: number };
  });
  const second = await found.create();
  t.match(await found.run(second), { status: 'queued', live: true });
  t.match(await found.run(second), { status: 'failed', error: { code: 'release_restarted' }, live: false });
  t.equal(await found.live(), found.first);
});

t.test('a worker that dies after it went back leaves a deployment that only fails', async (t) => {
  const found = await watched(t, async (number) => ({ healthy: true, restarts: number }));
  const { worker, create, run } = found;
  const second = await create();
  worker.runs.finish = async () => Promise.reject(new Error('killed'));
  await run(second).catch(() => {});
  Object.assign(worker, repositoriesOf(worker.database));
  await worker.database.sql`update deployments set lease_until = now() where id = ${second}`;
  await worker.dispatches.releaseLapsed();
  t.match(await worker.deployments.find(second), { status: 'queued', live: false });
  const before = found.calls.filter((call) => call === 'start').length;
  t.match(await run(second), { status: 'failed', error: { code: 'release_restarted', stage: 'switch' } });
  t.equal(found.calls.filter((call) => call === 'start').length, before, 'nothing is started again');
  t.equal(await found.live(), found.first);
});

t.test('a guard ends when something waits for its end', async (t) => {
  const found = await watched(t, async () => ({ healthy: true }), 300);
  const second = await found.create();
  const running = found.run(second);
  const { sql } = found.worker.database;
  const inSwitch = async () => {
    const rows = await sql`select 1 from stages where deployment_id = ${second} and name = 'switch'`;
    return rows.length > 0;
  };
  await until('it serves', inSwitch);
  await found.create();
  t.match(await running, { status: 'succeeded' });
});

t.test('what its engine does to a release is not held against it', async (t) => {
  const found = await watched(
    t,
    async (number) => {
      if (number === 1) return { healthy: true };
      away = number < 4;
      if (number < 6) throw new UserError('app_exited', 'It ended.');
      return { healthy: true, restarts: 1 };
    },
    5,
    async () => (away ? { code: 'engine_gone', message: 'Gone.', hint: 'Start it.' } : null),
  );
  let away = false;
  t.match(await found.run(await found.create()), { status: 'succeeded', live: true });
});
