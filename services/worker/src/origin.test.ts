import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Builder, Provider } from '@pierhead/model';
import { order } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { setUp } from './fixture.js';

const base = `sha256:${'b'.repeat(64)}`;
const tree: Provider['fetchSource'] = async (_revision, _config, path) => {
  await writeFile(join(path, 'file'), 'x');
  return { kind: 'tree', path };
};

/** A service whose provider and builder tell what they should not. */
async function setUpOrigin(t: Test, builder: Partial<Builder> = {}, fetchSource = tree) {
  const world = await setUp(t, {
    provider: {
      resolveRevision: async () => ({ id: 'c0ffee', url: 'https://hush-hush@example.org/a' }),
      fetchSource,
    },
    builder: {
      inputs: async () => [`busybox:1@${base}`, `hush-hush/x@${base}`, 'as it is today', `busybox:1@sha256:1`],
      ...builder,
    },
    runtime: { has: async () => true },
  });
  const { worker, create } = world;
  const id = await create();
  const { serviceId, snapshot } = (await worker.deployments.find(id))!;
  const variables = { KEY: worker.secrets.seal('hush-hush', serviceId) };
  const { sql } = worker.database;
  const stored = JSON.stringify({ ...snapshot, variables });
  await sql`update services set variables = ${JSON.stringify(variables)}::jsonb`;
  await sql`update deployments set snapshot = ${stored}::jsonb where id = ${id}`;
  return { ...world, id, serviceId };
}

t.test(
  'what was built is on record with its artifact: files, what the builder names, who built it, no secret',
  async (t) => {
    const { worker, id, run } = await setUpOrigin(t);
    const { origin, artifact } = await run(id);
    t.ok(artifact);
    const hash = createHash('sha256').update('x').digest('hex');
    const digest = `sha256:${createHash('sha256').update(`644\0file\0${hash}\n`).digest('hex')}`;
    t.match(origin, {
      source: { revision: 'c0ffee', url: 'https://***@example.org/a', digest },
      dependencies: [
        { name: 'busybox:1', digest: base },
        { name: '***/x', digest: base },
      ],
      build: { deploymentId: id, worker: worker.id, startedAt: /Z$/, finishedAt: /Z$/ },
    });
    t.equal(origin?.dependencies.length, 2, 'what is no name with a digest stays unsaid');
  },
);

t.test('what was reused names the deployment that built it, also when that reused it itself', async (t) => {
  const { worker, id, serviceId, create, createService, run } = await setUpOrigin(t);
  const { origin } = await run(id);
  for (const next of [await create(serviceId), await create(await createService())]) {
    const row = await run(next);
    t.equal(row.artifactReused, true);
    t.same(row.origin?.build, origin?.build);
    t.equal(row.origin?.source.digest, origin?.source.digest);
  }
  const forced = (await worker.deployments.create({ ...order(serviceId), input: { force: true } }))!;
  t.match((await run(forced.id)).origin, { build: { deploymentId: forced.id } });
});

t.test('nothing is claimed of an artifact whose build is not on record', async (t) => {
  const { worker, id, serviceId, create, run } = await setUpOrigin(t);
  await run(id);
  await worker.database.sql`update deployments set origin = null`;
  t.match(await run(await create(serviceId)), { artifactReused: true, origin: null });
});

t.test('a builder that cannot tell names nothing, and an image is named by its digest', async (t) => {
  const silent = await setUpOrigin(t, { inputs: async () => null });
  t.match((await silent.run(silent.id)).origin, { source: { digest: /^sha256:/ }, dependencies: [] });
  const image = await setUpOrigin(t, {}, async () => ({ kind: 'image', reference: `nginx@${base}` }));
  t.match((await image.run(image.id)).origin, { source: { digest: base }, dependencies: [] });
});

t.test('a worker that lost its lease, and a build that failed, leave no origin', async (t) => {
  const failing = await setUpOrigin(t, { build: async () => Promise.reject(new Error('no')) });
  t.match(await failing.run(failing.id), { status: 'failed', artifact: null, origin: null });
  const late = await setUpOrigin(t, {
    build: async () => {
      await late.worker.database.sql`update deployments set lease_epoch = lease_epoch + 1`;
      return { kind: 'image', digest: 'sha256:1', bytes: 1 };
    },
  });
  t.match(await late.run(late.id), { artifact: null, origin: null });
});
