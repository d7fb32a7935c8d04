import { UserError, WorldError } from '@pierhead/model';
import t from 'tap';
import { setUp } from './fixture.js';

t.test('the old release is stopped after the switch, and not before', async (t) => {
  const { calls, create, run } = await setUp(t);
  const first = await create();
  t.match(await run(first), { status: 'succeeded', live: true });
  t.same(calls.splice(0), ['resolve', 'fetch', 'build', 'start']);
  t.match(await run(await create()), { status: 'succeeded', live: true });
  t.same(calls, ['resolve', 'fetch', 'build', 'start', `stop ${first}`]);
});

t.test('a worker that died after its switch left a live release, which its successor does not touch', async (t) => {
  const { worker, calls, create, run } = await setUp(t);
  const old = await create();
  await run(old);
  calls.splice(0);
  const id = await create();
  await worker.runs.claim(id, 'dead', 0);
  const lease = { deploymentId: id, owner: 'dead', epoch: 1 };
  await worker.runs.released(lease, { ids: [id], upstreams: [] });
  await worker.runs.switch(lease, [{ kind: 'http', host: '127.0.0.1', port: 2 }]);
  await worker.dispatches.releaseLapsed();
  t.match(await run(id), { status: 'succeeded', live: true });
  t.same(calls, [`stop ${old}`], 'only what no longer serves is stopped');
});

t.test(
  'a failure of the world is tried again with the revision that was resolved, one of the user is not',
  async (t) => {
    const failures = [
      new WorldError('engine_gone', 'The engine is gone.'),
      new UserError('build_failed', 'Line 3.', { line: 'RUN x', hint: 'Mend it.' }),
    ];
    const seen: string[] = [];
    const { worker, calls, create, run } = await setUp(t, {
      provider: {
        fetchSource: async (revision, _config, path) => {
          seen.push(revision.id);
          return { kind: 'tree', path };
        },
      },
      builder: { build: () => Promise.reject(failures.shift()) },
    });
    const id = await create();
    t.match(await run(id), { status: 'queued', attempt: 2 });
    await worker.database.sql`update deployments set not_before = now()`;
    t.match(await run(id), {
      status: 'failed',
      error: { code: 'build_failed', stage: 'build', line: 'RUN x', hint: 'Mend it.' },
    });
    t.same(seen, ['r1', 'r1']);
    t.same(calls, ['resolve']);
  },
);

t.test('what started for a release that never went live is stopped', async (t) => {
  const { calls, create, run } = await setUp(t, {
    runtime: { probe: () => Promise.reject(new UserError('app_exited', 'It ended.')) },
  });
  const id = await create();
  const ended = await run(id);
  t.match(ended, { status: 'failed', error: { code: 'app_exited', stage: 'verify' }, live: false, instance: null });
  t.ok(calls.includes(`stop ${id}`));
  t.same(ended.stages.map((stage) => [stage.name, stage.status]).slice(-2), [
    ['verify', 'failed'],
    ['cleanup', 'succeeded'],
  ]);
});

t.test('a shutdown hands the deployment over, a cancel ends it', async (t) => {
  let interrupt = () => {};
  const { active, create, run } = await setUp(t, {
    builder: {
      build: (_source, _config, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          interrupt();
        }),
    },
  });
  const first = await create();
  interrupt = () => void active.get(first)!.fire('shutdown');
  t.match(await run(first), { status: 'queued', attempt: 2 });
  interrupt = () => void active.get(first)!.fire('canceled');
  t.match(await run(first), {
    status: 'canceled',
    stages: [{}, {}, { name: 'build', status: 'canceled' }, { name: 'cleanup' }],
  });
});

t.test('an unforeseen error ends the deployment without telling of our insides', async (t) => {
  const { create, run } = await setUp(t, { builder: { build: () => Promise.reject(new Error('secret path /etc/x')) } });
  const { status, error } = await run(await create());
  t.match({ status, error }, { status: 'failed', error: { code: 'internal_error', stage: 'build' } });
  t.notMatch(JSON.stringify(error), 'secret path');
});
