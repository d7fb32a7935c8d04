import { UserError } from '@pierhead/model';
import t from 'tap';
import { setUp } from './fixture.js';

t.test('every look-up is recorded, and everything that was opened is let go of', async (t) => {
  const disposed: string[] = [];
  const noting = (name: string) => ({ dispose: async () => void disposed.push(name) });
  const { worker, create, run } = await setUp(t, {
    provider: noting('provider'),
    builder: noting('builder'),
    runtime: noting('runtime'),
  });
  const id = await create();
  t.match(await run(id), { status: 'succeeded', sourceUsed: { providerId: 'p', fallback: null } });
  t.same(disposed.sort(), ['builder', 'provider', 'runtime']);
  const rows = await worker.database.sql`
    select kind, entry_id, version, found, worker_id from registry_lookups where deployment_id = ${id} order by kind`;
  t.same(
    rows.map((row) => Object.values(row)),
    [
      ['builder', 'b', '1.0.0', true, 'worker'],
      ['provider', 'p', '1.0.0', true, 'worker'],
      ['runtime', 'r', '1.0.0', true, 'worker'],
    ],
  );
});

t.test('a failure lets go of everything too, and a disposal that fails harms nobody', async (t) => {
  const disposed: string[] = [];
  const { create, run } = await setUp(t, {
    provider: { dispose: () => Promise.reject(new Error('no')) },
    builder: {
      build: () => Promise.reject(new UserError('build_failed', 'No.')),
      dispose: async () => void disposed.push('builder'),
    },
  });
  t.match(await run(await create()), { status: 'failed', error: { code: 'build_failed' } });
  t.same(disposed, ['builder']);
});

t.test('a version that is gone fails with those that there are', async (t) => {
  const { worker, calls, create, run, replaceVersions } = await setUp(t);
  replaceVersions('2.0.0');
  const id = await create();
  t.match(await run(id), { status: 'failed', error: { code: 'provider_version_gone', hint: /2\.0\.0/, stage: null } });
  t.same(calls, []);
  const [row] = await worker.database.sql`select found from registry_lookups where kind = 'provider'`;
  t.match(row, { found: false });
});

t.test('an entry that no worker has fails by its name', async (t) => {
  const { create, run, logOf } = await setUp(t, { service: { builderId: 'nix' } });
  const id = await create();
  t.match(await run(id), { status: 'failed', error: { code: 'builder_unknown', message: /nix/ } });
  t.match((await logOf(id)).join('\n'), /^Failed before the first stage: This worker has no builder “nix”\./m);
});

t.test('an entry that is switched off fails, until it is switched on again', async (t) => {
  const { worker, create, run } = await setUp(t);
  await worker.database.sql`insert into disabled_entries (kind, entry_id) values ('runtime', 'r'), ('builder', 'p')`;
  t.match(await run(await create()), { status: 'failed', error: { code: 'runtime_disabled', hint: String } });
  await worker.database.sql`delete from disabled_entries`;
  t.match(await run(await create()), { status: 'succeeded' });
});

t.test('a reload changes nothing under a deployment', async (t) => {
  const { create, run, replaceVersions } = await setUp(t, {
    builder: {
      build: async () => {
        replaceVersions('2.0.0');
        return { kind: 'image', digest: 'sha256:1', bytes: 1 };
      },
    },
  });
  t.match(await run(await create()), { status: 'succeeded' });
  t.match(await run(await create()), { status: 'failed', error: { code: 'provider_version_gone' } });
});

t.test('a release whose runtime has only newer versions now is stopped by one of these', async (t) => {
  const { worker, calls, create, run, replaceVersions } = await setUp(t);
  const first = await create();
  await run(first);
  replaceVersions('2.0.0');
  await worker.database.sql`
    update services set provider_version = '2.0.0', builder_version = '2.0.0', runtime_version = '2.0.0'`;
  t.match(await run(await create()), { status: 'succeeded' });
  t.ok(calls.includes(`stop ${first}`));
});

t.test('a worker leaves to others what it cannot run', async (t) => {
  const { worker, calls, create, run } = await setUp(t, {
    service: { delivery: { ...delivery, workerLabels: ['gpu'] } },
  });
  const id = await create();
  t.match(await run(id), { status: 'queued', queue: { reason: 'No worker has the label gpu.' }, leaseEpoch: 0 });
  t.same(calls, []);
  worker.labels = ['gpu'];
  t.match(await run(id), { status: 'succeeded' });
});

const delivery = { autoDeploy: true, queuePolicy: 'latest-wins' as const, keepReleases: 5 };

t.test('an engine that is down fails a new deployment, and delays one that was under way', async (t) => {
  const down = { code: 'engine_down', message: 'It is down.', hint: 'Start it.' };
  const { worker, create, run } = await setUp(t, { runtime: { unavailable: async () => down } });
  worker.capabilities = { providers: [], builders: [], runtimes: [] };
  t.match(await run(await create()), { status: 'failed', error: { code: 'engine_down' }, retries: 0 });
  const id = await create();
  await worker.database.sql`update deployments set attempt = 2 where id = ${id}`;
  t.match(await run(id), { status: 'queued', retries: 1 });
});

t.test('an entry that never says whether it can be used fails as one that hangs', async (t) => {
  const late = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  const { worker, create, run } = await setUp(t, { builder: { unavailable: () => Promise.reject(late) } });
  worker.capabilities = { providers: [], builders: [], runtimes: [] };
  t.match(await run(await create()), {
    status: 'failed',
    error: { code: 'plugin_timeout', message: /b/, hint: String },
  });
});
