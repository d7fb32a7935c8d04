import { access, readdir } from 'node:fs/promises';
import type { StageName } from '@pierhead/model';
import { UserError, WorldError } from '@pierhead/model';
import { until } from '@pierhead/testing';
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
    t.same(calls, ['resolve', `stop ${id}`], 'what the first attempt may have started is stopped in the end');
  },
);

t.test('what is still being made ready when the build fails is stopped too', async (t) => {
  let made: () => void = () => {};
  const making = new Promise<void>((resolve) => {
    made = resolve;
  });
  const { calls, create, run } = await setUp(t, {
    builder: {
      build: async () => {
        setTimeout(made, 200);
        throw new UserError('build_failed', 'Line 3.');
      },
    },
    runtime: {
      prepare: async () => {
        await making;
        calls.push('prepared');
      },
    },
  });
  const id = await create();
  t.match(await run(id), { status: 'failed', error: { code: 'build_failed' } });
  t.same(calls, ['resolve', 'fetch', 'prepared', `stop ${id}`]);
});

t.test('a full disk is tried again, then named', async (t) => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const { worker, create, run } = await setUp(t, {
    builder: { build: () => Promise.reject(new Error('not stored', { cause: full })) },
  });
  const id = await create();
  t.match(await run(id), { status: 'queued', retries: 1 });
  await worker.database.sql`update deployments set not_before = now(), retries = 5`;
  t.match(await run(id), { status: 'failed', error: { code: 'disk_full', stage: 'build', hint: /Free some space/ } });
});

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

const image = { kind: 'image', digest: 'sha256:1', bytes: 1 } as const;
const upstreams = [{ kind: 'http' as const, host: '127.0.0.1', port: 1 }];

/** Leaves a deployment as a worker does that dies in a stage. */
async function dieIn(
  stage: StageName,
  { worker, create }: Pick<Awaited<ReturnType<typeof setUp>>, 'worker' | 'create'>,
): Promise<string> {
  const id = await create();
  await worker.runs.claim(id, 'dead', 0);
  const lease = { deploymentId: id, owner: 'dead', epoch: 1 };
  const order: StageName[] = ['fetch', 'build', 'release', 'verify'];
  const reached = (each: StageName) => order.indexOf(stage) > order.indexOf(each);
  await worker.runs.resolved(lease, { id: 'r0' }, { providerId: 'p', fallback: null });
  if (reached('build'))
    await worker.runs.built(lease, image, { artifactKey: null, artifactReused: false, origin: null });
  if (reached('release')) await worker.runs.released(lease, { ids: ['c'], upstreams });
  await worker.runs.startStage(lease, stage);
  await worker.dispatches.releaseLapsed();
  return id;
}

t.test('a successor goes on at the first unfinished stage', async (t) => {
  const has = async () => true;
  const adopt = async () => ({ ids: ['c'], upstreams });
  const cases = [
    { stage: 'build', runtime: {}, does: ['fetch', 'build', 'stop', 'start'] },
    { stage: 'release', runtime: { has }, does: ['stop', 'start'] },
    { stage: 'release', runtime: { has: async () => false }, does: ['fetch', 'build', 'stop', 'start'] },
    { stage: 'verify', runtime: { has, adopt }, does: [] },
    { stage: 'verify', runtime: { has, adopt: async () => null }, does: ['stop', 'start'] },
  ] as const;
  for (const { stage, runtime, does } of cases) {
    const worker = await setUp(t, { runtime });
    const id = await dieIn(stage, worker);
    const ended = await worker.run(id);
    t.match(ended, { status: 'succeeded', live: true, retries: 1, revision: { id: 'r0' } });
    t.same(
      worker.calls.map((call) => call.split(' ')[0]),
      does,
      `after a death in ${stage}`,
    );
    t.ok(ended.stages.every((each) => each.status === 'succeeded'));
  }
});

t.test('a cancel that came while nobody held the deployment ends it, and stops what was started', async (t) => {
  const world = await setUp(t);
  const id = await dieIn('verify', world);
  await world.worker.database.sql`update deployments set cancel_requested_at = now() where id = ${id}`;
  t.match(await world.run(id), { status: 'canceled', instance: null });
  t.same(world.calls, [`stop ${id}`]);
});

t.test('a successor that lacks an entry finishes what is live, and stops what is not', async (t) => {
  const world = await setUp(t);
  const { worker, calls, create, run, replaceVersions } = world;
  const live = await create();
  await worker.runs.claim(live, 'dead', 0);
  await worker.runs.switch({ deploymentId: live, owner: 'dead', epoch: 1 }, upstreams);
  await worker.dispatches.releaseLapsed();
  replaceVersions('2.0.0');
  t.match(await run(live), { status: 'succeeded', live: true, stages: [{ name: 'switch', status: 'succeeded' }, {}] });
  const started = await dieIn('verify', world);
  t.match(await run(started), { status: 'failed', error: { code: 'provider_version_gone' }, instance: null });
  t.same(calls, [`stop ${started}`]);
});

t.test('what is live neither fails nor is canceled, whatever comes then: it is finished later', async (t) => {
  const world = await setUp(t);
  const { worker, active, create, run } = world;
  const id = await create();
  const { progress } = worker.gateways;
  const { switch: move } = worker.runs;
  worker.runs.switch = async (...words) => {
    const moved = await move(...words);
    active.get(id)!.fire('deadline', new UserError('deadline_exceeded', 'Too long.'));
    return moved;
  };
  worker.gateways.progress = () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
  t.match(await run(id), { status: 'queued', live: true, error: null });
  worker.gateways.progress = progress;
  await worker.database.sql`update deployments set not_before = now()`;
  t.match(await run(id), { status: 'succeeded', live: true });
});

t.test('what is live is finished, however long ago it began, and though its worker was asked to cancel', async (t) => {
  const { worker, create, run } = await setUp(t);
  const { sql } = worker.database;
  const id = await create();
  await worker.runs.claim(id, 'dead', 0);
  const lease = { deploymentId: id, owner: 'dead', epoch: 1 };
  await worker.runs.switch(lease, [{ kind: 'http', host: '127.0.0.1', port: 2 }]);
  t.equal(await worker.runs.finish(lease, { status: 'canceled' }), false, 'nobody can say otherwise');
  await worker.dispatches.releaseLapsed();
  const newer = await create();
  t.match(await worker.deployments.find(id), { status: 'queued' }, 'a newer one does not supersede it');
  await sql`update deployments set started_at = now() - interval '1 day', cancel_requested_at = now() where id = ${id}`;
  t.match(await run(id), { status: 'succeeded', live: true, error: null });
  t.match(await run(newer), { status: 'succeeded', live: true });
});

t.test('an error says what an app wrote, whatever it wrote', async (t) => {
  const text = 'nul \0, half \ud83d, whole \u{1f680}';
  const { create, run } = await setUp(t, {
    builder: { build: () => Promise.reject(new UserError('odd', text, { hint: text, line: text })) },
  });
  const stored = 'nul \ufffd, half \ufffd, whole \u{1f680}';
  t.match(await run(await create()), { status: 'failed', error: { message: stored, hint: stored, line: stored } });
});

t.test('the world may fail a deployment five times; a stopping worker does not count', async (t) => {
  const { worker, active, create, run } = await setUp(t, {
    builder: { build: () => Promise.reject(new WorldError('engine_gone', 'The engine is gone.')) },
    provider: {
      fetchSource: async (_revision, _config, path) => {
        if (stopping) active.get(id)!.fire('shutdown');
        return { kind: 'tree', path };
      },
    },
  });
  const id = await create();
  let stopping = true;
  t.match(await run(id), { status: 'queued', retries: 0, attempt: 2 });
  stopping = false;
  for (let retries = 1; retries <= 5; retries += 1) {
    t.match(await run(id), { status: 'queued', retries });
    await worker.database.sql`update deployments set not_before = now()`;
  }
  t.match(await run(id), { status: 'failed', error: { code: 'engine_gone', stage: 'build' } });
});

t.test('a stage that takes longer than the service allows is stopped, and so is the whole', async (t) => {
  const hang = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  for (const [timeouts, error] of [
    [{ buildSeconds: 1 }, { message: 'The stage build did not finish within 1 s.', hint: /buildSeconds/ }],
    [{ totalSeconds: 1 }, { message: 'The deployment did not finish within 1 s.', hint: /totalSeconds/ }],
  ] as const) {
    const delivery = { autoDeploy: true, queuePolicy: 'latest-wins' as const, keepReleases: 5, timeouts };
    const { create, run } = await setUp(t, {
      service: { delivery },
      builder: { build: (_source, _config, { signal }) => hang(signal) },
    });
    t.match(await run(await create()), {
      status: 'failed',
      error: { code: 'deadline_exceeded', stage: 'build', ...error },
      stages: [{}, {}, { name: 'build', status: 'failed' }, { name: 'cleanup', status: 'succeeded' }],
    });
  }
});

t.test('a run that lost its lease leaves alone what the same worker has taken up again since', async (t) => {
  let formerRun: Promise<unknown> | null = null;
  let laterRun: Promise<unknown> | null = null;
  let later = false;
  const { worker, create, run, active } = await setUp(t, {
    builder: {
      build: async (source, _config, { signal }) => {
        if (laterRun) {
          later = true;
          await formerRun;
          t.ok(active.has(id), 'it can still be interrupted');
          await access(source.kind === 'image' ? '' : source.path);
          return image;
        }
        await worker.database.sql`update deployments set lease_until = now() - interval '1 second'`;
        await worker.dispatches.releaseLapsed();
        await until('it is told', async () => signal.aborted);
        laterRun = run(id);
        await until('it is taken up again', async () => later);
        return image;
      },
    },
  });
  const id = await create();
  formerRun = run(id);
  await formerRun;
  t.match(await laterRun, { status: 'succeeded', live: true });
  t.same(await readdir(worker.workspaces), [], 'both have deleted their workspaces');
});

t.test('a worker that has lost its lease stops, and does nothing more', async (t) => {
  const { worker, create, run, calls } = await setUp(t, {
    builder: {
      build: async (_source, _config, { signal }) => {
        await worker.database.sql`update deployments set lease_until = now() - interval '1 second'`;
        await worker.dispatches.releaseLapsed();
        await until('it is told', async () => signal.aborted);
        return image;
      },
    },
  });
  const id = await create();
  t.match(await run(id), { status: 'queued', retries: 1, artifact: null });
  t.same(calls, ['resolve', 'fetch'], 'nothing is started, and nothing of its successor is stopped');
});
