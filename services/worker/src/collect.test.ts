import { randomUUID } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builders } from '@pierhead/builders';
import { releaseRepository } from '@pierhead/database';
import { buildImage, callEngine, createContainer, inspectContainer, inspectImage, ownLabels } from '@pierhead/docker';
import type { Builder, Identity, LocalArtifact, Runtime } from '@pierhead/model';
import { runtimes } from '@pierhead/runtimes';
import { dockerMissing, ensureBaseImages, removeTestImages, testEngine } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { collect } from './collect.js';
import { setUp } from './fixture.js';
import { createInterruption } from './interruption.js';

t.setTimeout(180_000);
const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
const long = 3_600_000;
const keepsOne = { autoDeploy: true, queuePolicy: 'latest-wins' as const, keepReleases: 1, workerLabels: [] };

const identity = (deploymentId: string): Identity => ({
  serviceId: 's',
  serviceName: 'web',
  environment: 'production',
  deploymentId,
});

t.test('what an ended deployment left running is stopped, and nothing else', async (t) => {
  let listed: string[] = [];
  const runtime: Partial<Runtime> = { list: async () => listed.map(identity) };
  const { worker, calls, active, create, createService, run } = await setUp(t, { runtime });
  const first = (await run(await create())).id;
  const live = (await run(await create())).id;
  const queued = await create();
  const busy = await createService();
  const old = (await run(await create(busy))).id;
  await worker.database.sql`delete from releases where deployment_id = ${old}`;
  const running = await create(busy);
  await worker.runs.claim(running, 'another', 60);
  const unknown = randomUUID();
  listed = [first, live, queued, old, running, unknown, 'no id'];
  calls.length = 0;
  await collect(worker, { active });
  t.same(calls, [`stop ${first}`, `stop ${unknown}`]);
  t.equal((await worker.deployments.find(first))?.instance, null);
  t.ok((await worker.deployments.find(live))?.instance);
});

/** A builder whose artifacts are as old as the test says. */
function fakeBuilder(ageMs = long) {
  const lying = new Map<string, LocalArtifact>();
  const put = (digest: string) => lying.set(digest, { digest, madeAt: Date.now() - ageMs });
  let count = 0;
  const builder: Partial<Builder> = {
    build: async () => {
      count += 1;
      put(`sha256:${count}`);
      return { kind: 'image', digest: `sha256:${count}`, bytes: 10 };
    },
    list: async (except) => [...lying.values()].filter(({ digest }) => !except.includes(digest)),
    discard: async ({ digest }) => void lying.delete(digest),
  };
  return { builder, put, lying: () => [...lying.keys()].map((digest) => digest.slice(7)) };
}

t.test('artifacts beyond the releases that are kept are discarded, and recorded as gone', async (t) => {
  const { builder, put, lying } = fakeBuilder();
  const delivery = { ...keepsOne, keepReleases: 2 };
  const { worker, active, create, run } = await setUp(t, { builder, service: { delivery } });
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1) ids.push((await run(await create())).id);
  put('sha256:orphan');
  const gone = async () => {
    const rows = await Promise.all(ids.map((id) => worker.deployments.find(id)));
    return rows.map((row) => row?.artifactDiscardedAt !== null);
  };
  await collect(worker, { active });
  t.same(lying(), ['3', '4']);
  t.same(await gone(), [true, true, false, false]);
  await collect(worker, { active, budget: 15 });
  t.same(lying(), ['4'], 'the budget takes the older one');
  await collect(worker, { active, budget: 0 });
  t.same(lying(), ['4'], 'and never what is live');
  t.same(await gone(), [true, true, true, false]);
});

t.test('an artifact that may just have been made is left alone', async (t) => {
  const { builder, put, lying } = fakeBuilder(0);
  const { worker, active } = await setUp(t, { builder });
  put('sha256:young');
  await collect(worker, { active });
  t.same(lying(), ['young']);
  await collect(worker, { active, graceMs: -1 });
  t.same(lying(), []);
});

t.test('what cannot be discarded is tried again, and stops nothing else', async (t) => {
  let broken = true;
  const { builder, lying } = fakeBuilder();
  const discard = builder.discard!;
  builder.discard = async (artifact, context) => {
    if (broken) throw new Error('the engine is away');
    await discard(artifact, context);
  };
  const { worker, active, create, run } = await setUp(t, { builder, service: { delivery: keepsOne } });
  const { id } = await run(await create());
  await run(await create());
  const tree = await worker.storage.putTree(await folder(t, 'unneeded'));
  const path = await worker.storage.treePath(tree.digest);
  await utimes(join(path ?? '', '..', 'index.json'), 0, 0);
  await collect(worker, { active });
  t.same(lying(), ['1', '2']);
  t.equal((await worker.deployments.find(id))?.artifactDiscardedAt, null);
  t.equal(await worker.storage.treePath(tree.digest), null, 'the tree went all the same');
  broken = false;
  await collect(worker, { active });
  t.same(lying(), ['2']);
});

t.test('a builder that cannot tell what lies there discards what deployments know of', async (t) => {
  const { builder, lying } = fakeBuilder();
  const { worker, active, create, run } = await setUp(t, {
    builder: { build: builder.build!, discard: builder.discard! },
    service: { delivery: keepsOne },
  });
  const { id } = await run(await create());
  await run(await create());
  await collect(worker, { active });
  t.same(lying(), ['2']);
  t.ok((await worker.deployments.find(id))?.artifactDiscardedAt);
});

async function folder(t: Test, text: string): Promise<string> {
  const path = join(t.testdir(), randomUUID());
  await mkdir(path);
  await writeFile(join(path, 'index.html'), text);
  return path;
}

t.test('trees of files go when no release has them, and stay when they were just put again', async (t) => {
  let sites = 0;
  const { worker, active, create, run } = await setUp(t, {
    builder: {
      build: async (_source, _config, { storage }) => {
        sites += 1;
        const { digest, bytes } = await storage.putTree(await folder(t, `site ${sites}`));
        const rules = { index: 'index.html', cleanUrls: true, cacheControl: '', headers: [], redirects: [] };
        return { kind: 'files', digest, bytes, rules };
      },
    },
    service: { delivery: keepsOne },
  });
  const old = (await run(await create())).artifact!.digest;
  const live = (await run(await create())).artifact!.digest;
  const put = await worker.storage.putTree(await folder(t, 'put again'));
  for (const { digest } of await worker.storage.listTrees())
    await utimes(join((await worker.storage.treePath(digest)) ?? '', '..', 'index.json'), 0, 0);
  await worker.storage.putTree(await folder(t, 'put again'));
  await collect(worker, { active });
  t.equal(await worker.storage.treePath(old), null);
  t.ok(await worker.storage.treePath(live));
  t.ok(await worker.storage.treePath(put.digest));
});

t.test('workspaces of ended deployments are deleted, those of others are not', async (t) => {
  const { worker, active, create, run } = await setUp(t);
  const ended = (await run(await create())).id;
  const queued = await create();
  const held = randomUUID();
  active.set(held, createInterruption());
  for (const name of [`${ended}.1`, `${queued}.1`, `${held}.2`, 'task-x', `gone-${randomUUID()}`])
    await mkdir(join(worker.workspaces, name), { recursive: true });
  await collect(worker, { active });
  t.same((await readdir(worker.workspaces)).sort(), [`${queued}.1`, `${held}.2`, 'task-x'].sort());
});

t.test('of an engine that several share, only what is this installation’s is touched', { skip }, async (t) => {
  const engine = testEngine();
  const [own, foreign] = [randomUUID(), randomUUID()];
  const builder = (await builders.find(({ id }) => id === 'dockerfile')!.load())();
  const runtime = (await runtimes.find(({ id }) => id === 'docker')!.load())();
  const { worker, active } = await setUp(t, {
    builder: { list: (...given) => builder.list!(...given), discard: (...given) => builder.discard!(...given) },
    runtime: { list: (context) => runtime.list!(context), stop: (...given) => runtime.stop(...given) },
  });
  worker.host = { ...worker.host, installation: own };
  const image = async (labels: Record<string, string>) => {
    const options = { context: '.', dockerfile: 'Dockerfile', labels, onOutput: () => {} };
    const source = await folder(t, '');
    await writeFile(join(source, 'Dockerfile'), `FROM busybox\nLABEL s=${randomUUID()}\n`);
    const { digest } = await buildImage(engine, { source, ...options, signal: AbortSignal.timeout(60_000) });
    t.teardown(() => removeTestImages([digest]));
    return digest;
  };
  const container = async (Image: string, Labels: Record<string, string>) => {
    const id = await createContainer(engine, `pierhead-test-${randomUUID()}`, { Image, Labels, Cmd: ['sleep', '600'] });
    t.teardown(() =>
      callEngine(engine, { method: 'DELETE', path: `/containers/${id}`, query: { force: true } }).catch(() => {}),
    );
    return id;
  };
  const identityLabels = () => ({
    'pierhead.service': randomUUID(),
    'pierhead.environment': 'production',
    'pierhead.deployment': randomUUID(),
  });
  const [mine, theirs, nobodys] = [await image(ownLabels(own)), await image(ownLabels(foreign)), await image({})];
  const stray = await container('busybox', { ...ownLabels(own), ...identityLabels() });
  const left = [
    await container('busybox', { ...ownLabels(foreign), ...identityLabels() }),
    await container('busybox', { 'pierhead.managed': 'true', ...identityLabels() }),
    await container('busybox', {}),
  ];
  const used = await image(ownLabels(own));
  left.push(await container(used, {}));

  await collect(worker, { active, graceMs: -long });
  t.equal(await inspectImage(engine, mine), null);
  t.equal(await inspectContainer(engine, stray), null);
  for (const digest of [theirs, nobodys, used]) t.ok(await inspectImage(engine, digest), digest);
  for (const id of left) t.ok(await inspectContainer(engine, id), id);
  t.same(await releaseRepository(worker.database).list(), []);
});
