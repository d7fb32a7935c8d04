import { order, plainService } from '@pierhead/testing';
import t from 'tap';
import { setUp } from './fixture.js';
import { gatewayRepository, routeSource } from './routes.js';

t.test('a newer deployment supersedes a queued one, unless all are to be kept', async (t) => {
  const { deployments, create } = await setUp(t);
  const service = await create('latest');
  const first = await deployments.create(order(service.id));
  const second = await deployments.create(order(service.id));
  t.equal((await deployments.find(first!.id))?.status, 'superseded');
  t.match(await deployments.find(second!.id), { status: 'queued', number: 2, queue: { position: 1, blockedBy: null } });

  const keeping = await create('all', { delivery: { ...plainService.delivery, queuePolicy: 'queue-all' } });
  const third = await deployments.create(order(keeping.id));
  const fourth = await deployments.create(order(keeping.id));
  t.equal((await deployments.find(third!.id))?.status, 'queued');
  t.match(await deployments.find(fourth!.id), { queue: { position: 3, blockedBy: third!.id } });
});

t.test('the same idempotency key gives the same deployment, also at once', async (t) => {
  const { deployments, create } = await setUp(t);
  const service = await create('once');
  const rows = await Promise.all(Array.from({ length: 5 }, () => deployments.create(order(service.id, 'key'))));
  t.equal(new Set(rows.map((row) => row?.id)).size, 1);
});

t.test('an idempotency key counts for one kind of request', async (t) => {
  const { deployments, create } = await setUp(t);
  const service = await create('kinds');
  const asked = order(service.id, 'key');
  const first = await deployments.create(asked);
  const retry = { ...asked, trigger: { kind: 'retry', actor: null, event: null } };
  const second = await deployments.create(retry);
  t.not(second?.id, first?.id);
  t.equal((await deployments.create(retry))?.id, second?.id);
});

t.test('one deployment of a service runs at a time, and the next is dispatched when it ends', async (t) => {
  const { deployments, dispatches, runs, create } = await setUp(t);
  const service = await create('single', { delivery: { ...plainService.delivery, queuePolicy: 'queue-all' } });
  const first = await deployments.create(order(service.id));
  const second = await deployments.create(order(service.id));
  t.same(await dispatches.take(), [{ id: first!.id, attempt: 1, workerId: null }]);
  t.same(await dispatches.take(), [], 'each is handed over once');

  const claims = await Promise.all(['w1', 'w2', 'w3'].map((worker) => runs.claim(first!.id, worker, 30)));
  t.equal(claims.filter((claim) => claim !== null).length, 1, 'one worker wins');
  t.equal(await runs.claim(second!.id, 'w2', 30), null, 'the other has to wait');

  const winner = claims.find((claim) => claim !== null)!;
  await runs.finish({ deploymentId: first!.id, owner: winner.leaseOwner!, epoch: 1 }, { status: 'succeeded' });
  t.same(await dispatches.take(), [{ id: second!.id, attempt: 1, workerId: null }]);
});

t.test('a worker that lost its lease changes nothing any more', async (t) => {
  const { deployments, dispatches, runs, create, database } = await setUp(t);
  const service = await create('fenced');
  const { id } = (await deployments.create(order(service.id)))!;
  await runs.claim(id, 'old', 0);
  const stale = { deploymentId: id, owner: 'old', epoch: 1 };
  t.same(await dispatches.releaseLapsed(), [id]);
  t.match(await dispatches.take(), [{ id, attempt: 2 }]);
  await runs.claim(id, 'new', 30);

  t.equal(await runs.renew(stale, 30), 'lost');
  t.equal(await runs.startStage(stale, 'build'), false);
  t.equal(await runs.switch(stale, []), null);
  t.equal(await runs.finish(stale, { status: 'succeeded' }), false);
  t.match(await deployments.find(id), { status: 'running', live: false, stages: [] });

  const held = { deploymentId: id, owner: 'new', epoch: 2 };
  t.equal(await runs.startStage(held, 'switch'), true);
  const switched = await runs.switch(held, [{ kind: 'http', host: '127.0.0.1', port: 1 }]);
  t.match(switched, { version: Number });
  await runs.endStage(held, 'switch', 'succeeded');
  t.match(await deployments.find(id), {
    live: true,
    stages: [{ name: 'switch', status: 'succeeded', durationMs: Number }],
  });

  const source = routeSource(database, { gatewayId: 'g', baseDomain: 'example.com' });
  t.match(await source.load(), {
    version: switched!.version,
    routes: [{ hostname: 'fenced.example.com', deploymentId: id, drainSeconds: 10 }],
  });
  const gateways = gatewayRepository(database);
  const { version } = switched!;
  const progress = () => gateways.progress(version, id);
  await source.acknowledge(version - 1, { draining: [], withheld: {} });
  t.same(await progress(), { alive: 1, behind: ['g'], refusal: null });
  await source.acknowledge(version, { draining: [], withheld: { [id]: null } });
  t.same(await progress(), { alive: 1, behind: ['g'], refusal: null }, 'it still looks');
  await source.acknowledge(version, { draining: [], withheld: { [id]: 'no answer' } });
  t.same(await progress(), { alive: 1, behind: ['g'], refusal: 'no answer' });
  await source.acknowledge(version, { draining: [id], withheld: { [service.id]: 'no answer' } });
  t.same(await progress(), { alive: 1, behind: [], refusal: null });
  t.same([await gateways.draining(id), await gateways.draining(service.id)], [['g'], []]);
  await source.acknowledge(version, { draining: [], withheld: {} });
  t.same(await gateways.draining(id), []);
});

t.test('a deployment that kills its workers fails in the end', async (t) => {
  const { deployments, dispatches, runs, create, database } = await setUp(t);
  const service = await create('deadly');
  const { id } = (await deployments.create(order(service.id)))!;
  for (let epoch = 1; epoch <= 6; epoch += 1) {
    t.ok(await runs.claim(id, `w${epoch}`, 0));
    await runs.startStage({ deploymentId: id, owner: `w${epoch}`, epoch }, 'build');
    await dispatches.releaseLapsed();
    t.match(await deployments.find(id), { retries: epoch, stages: [{ name: 'build', status: 'failed' }] });
    await database.sql`update deployments set not_before = now()`;
  }
  t.match(await deployments.find(id), { status: 'failed', error: { code: 'worker_lost', stage: 'build' } });
});

t.test('what runs without being live is a leftover until it is stopped', async (t) => {
  const { deployments, runs, create } = await setUp(t);
  const service = await create('left');
  const deploy = async (owner: string) => {
    const { id } = (await deployments.create(order(service.id)))!;
    await runs.claim(id, owner, 30);
    const lease = { deploymentId: id, owner, epoch: 1 };
    await runs.released(lease, { ids: [owner], upstreams: [] });
    return { id, lease };
  };
  const first = await deploy('w1');
  t.same(await deployments.leftovers(service.id, 'production'), [first.id]);
  await runs.switch(first.lease, []);
  t.type(await deployments.releaseVersion(first.id), 'number');
  t.same(await deployments.leftovers(service.id, 'production'), []);
  await runs.finish(first.lease, { status: 'succeeded' });
  const second = await deploy('w2');
  await runs.switch(second.lease, []);
  t.same(await deployments.leftovers(service.id, 'production'), [first.id]);
  await deployments.stopped(first.id);
  t.same(await deployments.leftovers(service.id, 'production'), []);
});

t.test('a cancel ends a queued deployment, asks a running one to stop, and is refused after the switch', async (t) => {
  const { deployments, runs, create } = await setUp(t);
  const service = await create('canceled');
  const queued = (await deployments.create(order(service.id)))!;
  t.equal(await deployments.cancel(queued.id), true);
  t.equal((await deployments.find(queued.id))?.status, 'canceled');

  const running = (await deployments.create(order(service.id)))!;
  await runs.claim(running.id, 'w', 30);
  const lease = { deploymentId: running.id, owner: 'w', epoch: 1 };
  t.equal(await deployments.cancel(running.id), true);
  t.equal(await runs.renew(lease, 30), 'cancel');
  t.equal(await runs.switch(lease, []), null, 'what is to be canceled does not go live');
  await runs.finish(lease, { status: 'canceled' });

  const live = (await deployments.create(order(service.id)))!;
  await runs.claim(live.id, 'w', 30);
  t.ok(await runs.switch({ ...lease, deploymentId: live.id }, []));
  t.equal(await deployments.cancel(live.id), false);
});

t.test('a removed service loses its routes at once and its row once nothing of it runs', async (t) => {
  const { database, services, deployments, runs, create } = await setUp(t);
  const service = await create('gone', { hostnames: ['gone.example.org'] });
  const { id } = (await deployments.create(order(service.id)))!;
  await runs.claim(id, 'w', 30);
  const lease = { deploymentId: id, owner: 'w', epoch: 1 };
  const made = { artifactKey: null, artifactReused: false, origin: null };
  await runs.built(lease, { kind: 'image', digest: 'sha256:1', bytes: 1 }, made);
  await runs.released(lease, { ids: ['c1'], upstreams: [] });
  await runs.switch(lease, [{ kind: 'http', host: '127.0.0.1', port: 1 }]);
  const source = routeSource(database, { gatewayId: 'g', baseDomain: 'localhost' });
  t.same(
    (await source.load()).routes.map((route) => route.hostname),
    ['gone.localhost', 'gone.example.org'],
  );

  t.equal(await services.remove(service.id), true);
  t.equal(await services.remove(service.id), false);
  t.same((await source.load()).routes, []);
  t.equal(await services.find(service.id), null);
  t.same(await services.removed(), [], 'a deployment still runs');
  t.equal(await runs.renew(lease, 30), 'cancel');
  await runs.finish(lease, { status: 'canceled' });
  t.same(await services.removed(), [{ id: service.id, started: [id] }]);
  await create('gone', { hostnames: ['gone.example.org'] });
  t.match(await services.ownArtifacts(service.id), [{ builderId: 'b', artifact: { digest: 'sha256:1' } }]);
  await services.forget(service.id);
  t.equal(await deployments.find(id), null);
});

t.test('a name or a hostname belongs to one service', async (t) => {
  const { services, create } = await setUp(t);
  const first = await create('one', { hostnames: ['a.example.org'] });
  await t.rejects(create('one'), { message: 'name' });
  await t.rejects(create('two', { hostnames: ['b.example.org', 'a.example.org'] }), { message: 'hostname' });
  t.equal(
    (await services.list({ projects: null, limit: 10, before: null })).items.length,
    1,
    'a refused service leaves nothing',
  );
  const second = await create('three');
  const { id, nextNumber: _, deletedAt: __, revision, ...values } = second;
  t.match(await services.replace(id, revision, { ...values, name: 'one' }), { conflict: 'name' });
  t.match(await services.replace(id, revision, { ...values, hostnames: ['a.example.org'] }), { conflict: 'hostname' });
  t.match(await services.replace(id, revision, { ...values, hostnames: ['c.example.org'] }), { revision: 2 });
  t.equal(await services.replace(id, revision, values), null, 'it has changed since');
  t.match(await services.list({ projects: null, limit: 1, before: null }), {
    items: [{ id, hostnames: ['c.example.org'] }],
    nextCursor: String,
  });
  t.match(await services.list({ projects: null, limit: 1, before: id }), {
    items: [{ id: first.id }],
    nextCursor: null,
  });
});

t.test('log lines come back in order, from anywhere, with any characters', async (t) => {
  const { deployments, runs, logs, create } = await setUp(t);
  const service = await create('logged');
  const { id } = (await deployments.create(order(service.id)))!;
  await runs.claim(id, 'w', 30);
  const lease = { deploymentId: id, owner: 'w', epoch: 1 };
  const text = 'NUL \u0000, lone \ud800, \u001b[31mred\u001b[0m, é, 🎉';
  for (let chunk = 0; chunk < 30; chunk += 1) {
    await logs.append(
      lease,
      chunk * 10 + 1,
      Array.from({ length: 10 }, (_, i) => [0, 'build', 'stdout', `${chunk * 10 + i + 1} ${text}`]),
    );
  }
  t.equal(await logs.lastSeq(id), 300);
  const all = await logs.read(id, 0, 1_000);
  t.same(
    all.map((line) => line.seq),
    Array.from({ length: 300 }, (_, i) => i + 1),
  );
  t.ok(all.every((line) => line.text === `${line.seq} ${text}`));
  t.same(
    (await logs.read(id, 104, 3)).map((line) => line.seq),
    [105, 106, 107],
  );
  t.same(await logs.read(id, 300, 10), []);
});

t.test('only who holds a deployment writes its log, and the same lines twice are stored once', async (t) => {
  const { deployments, runs, logs, create } = await setUp(t);
  const service = await create('written');
  const { id } = (await deployments.create(order(service.id)))!;
  await runs.claim(id, 'w', 30);
  const lease = { deploymentId: id, owner: 'w', epoch: 1 };
  t.equal(await logs.append(lease, 1, [[0, 'build', 'stdout', 'once']]), true);
  t.equal(await logs.append(lease, 1, [[0, 'build', 'stdout', 'once']]), true);
  t.equal(await logs.append({ ...lease, epoch: 0 }, 2, [[0, 'build', 'stdout', 'late']]), false);
  t.same(
    (await logs.read(id, 0, 10)).map((line) => line.text),
    ['once'],
  );
});

t.test('a rollback brings a release back as it was, and counts as that release for the next one', async (t) => {
  const { deployments, dispatches, runs, create, database } = await setUp(t);
  const service = await create('back', { delivery: { ...plainService.delivery, queuePolicy: 'queue-all' } });
  const bringUp = async (id: string) => {
    const { leaseEpoch: epoch } = (await runs.claim(id, 'w', 30))!;
    const lease = { deploymentId: id, owner: 'w', epoch };
    await runs.switch(lease, []);
    await runs.finish(lease, { status: 'succeeded' });
    return id;
  };
  const release = async (variables: Record<string, string>) => {
    await database.sql`update services set variables = ${JSON.stringify(variables)}::text::jsonb where id = ${service.id}`;
    const { id } = (await deployments.create(order(service.id)))!;
    await database.sql`
      update deployments set revision = ${JSON.stringify({ id: `r ${variables.V}` })}::text::jsonb,
        artifact = ${JSON.stringify({ kind: 'image', digest: variables.V, bytes: 1 })}::text::jsonb
      where id = ${id}`;
    return bringUp(id);
  };
  const ask = (deploymentId: string | null = null) => {
    const { input: _, ...asked } = order(service.id);
    return deployments.rollback({ ...asked, deploymentId });
  };
  t.equal(await ask(), 'nothing_live');
  const first = await release({ V: '1' });
  t.equal(await ask(), 'no_earlier_release');
  const second = await release({ V: '2' });
  const third = await release({ V: '3' });
  t.equal(await ask(third), 'live_already');
  t.equal(await ask(service.id), 'deployment_not_found');

  const waiting = (await deployments.create(order(service.id)))!;
  t.equal(await ask(waiting.id), 'never_live');
  await database.sql`
    update services set delivery = delivery || '{"workerLabels":["new"]}', builder_version = '9.0.0' where id = ${service.id}`;
  const back = await ask();
  if (back === null || typeof back === 'string') throw new Error(String(back));
  t.match(back, {
    rollbackOf: second,
    revision: { id: 'r 2' },
    artifact: { digest: '2' },
    artifactReused: true,
    snapshot: { variables: { V: '2' }, builderVersion: '1.0.0', workerLabels: ['new'] },
  });
  t.equal((await deployments.find(waiting.id))?.status, 'superseded', 'what waits gives way');
  t.match(await dispatches.requirements(back.id), { labels: ['new'], entries: [{ kind: 'runtime' }] });
  await bringUp(back.id);

  t.equal(await ask(back.id), 'live_already');
  t.equal(await ask(second), 'live_already');
  t.match(await ask(), { rollbackOf: first }, 'the release before the one that was brought back');
  await database.sql`update deployments set artifact_discarded_at = now() where id = ${first}`;
  t.equal(await ask(first), 'release_not_kept');
  t.equal(await ask(), 'no_earlier_release');
  await release({ V: '4' });
  t.match(await ask(), { rollbackOf: second }, 'a release that was rolled back is not what was before the live one');
  await bringUp(((await ask(third)) as { id: string }).id);
  t.match(await ask(back.id), { rollbackOf: second }, 'a rollback can be brought back too');
});
