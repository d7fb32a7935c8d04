import { randomUUID } from 'node:crypto';
import { dockerMissing, ensureBaseImages, removeTestImages, startImageRegistry, testEngine } from '@pierhead/testing';
import t from 'tap';
import { callEngine } from './call-engine.js';
import { inspectImage } from './images.js';
import { pinImage, pullImage } from './pull-image.js';
import { parseReference } from './reference.js';

t.setTimeout(180_000);
const missing = await dockerMissing();
if (!missing) await ensureBaseImages();
const engine = testEngine();
const made: string[] = [];
t.teardown(() => removeTestImages(made));
const signal = () => AbortSignal.timeout(30_000);

t.test('a tag is pinned to the digest that it has now, without a pull', { skip: missing }, async (t) => {
  const registry = await startImageRegistry();
  t.teardown(() => registry.close());
  const name = `${registry.host}/team/app`;
  const digest = await registry.publish('team/app', '1', randomUUID());
  const pinned = await pinImage(engine, `${name}:1`, { signal: signal() });
  t.equal(pinned, `${name}@${digest}`);
  t.equal(await inspectImage(engine, pinned), null);

  await registry.publish('team/app', '1', randomUUID());
  const output: string[] = [];
  const pulled = await pullImage(engine, pinned, { signal: signal(), onOutput: (text) => output.push(text) });
  made.push(pulled.imageId);
  t.equal(pulled.reference, pinned, 'what was pinned is what is pulled');
  t.match(output.join('\n'), /Pull complete/);
  t.match(await inspectImage(engine, pinned), { id: pulled.imageId });
});

t.test(
  'a tag that was pulled before is pulled again, and serves when the registry is gone',
  { skip: missing },
  async (t) => {
    const registry = await startImageRegistry();
    const reference = `${registry.host}/app:1`;
    await registry.publish('app', '1', randomUUID());
    made.push((await pullImage(engine, reference, { signal: signal() })).imageId);
    const second = await registry.publish('app', '1', randomUUID());
    const pulled = await pullImage(engine, reference, { signal: signal() });
    made.push(pulled.imageId);
    t.equal(pulled.reference, `${registry.host}/app@${second}`);
    await t.rejects(pullImage(engine, `${registry.host}/app:2`, { signal: signal() }), { code: 'image_not_found' });
    await t.rejects(pinImage(engine, `${registry.host}/other`, { signal: signal() }), { code: 'image_not_found' });
    await registry.close();
    t.same(await pullImage(engine, reference, { signal: signal() }), pulled);
    t.equal(await pinImage(engine, reference, { signal: signal() }), pulled.reference);
    await t.rejects(pullImage(engine, `${registry.host}/app:2`, { signal: signal() }), {
      name: 'WorldError',
      code: 'image_registry_unreachable',
    });
  },
);

t.test('an image that was made in the engine is pinned to its id', { skip: missing }, async (t) => {
  const base = await inspectImage(engine, 'busybox');
  const tag = randomUUID();
  const query = { repo: 'pierhead-test/local', tag };
  await callEngine(engine, { method: 'POST', path: `/images/${base?.id}/tag`, query });
  made.push(`pierhead-test/local:${tag}`);
  const reference = `pierhead-test/local:${tag}`;
  t.equal(await pinImage(engine, reference, { signal: signal() }), base?.id);
  t.match(await pullImage(engine, reference, { signal: signal() }), { reference: base?.id, imageId: base?.id });
  t.match(await pullImage(engine, base?.id ?? '', { signal: signal() }), { imageId: base?.id });
  await t.rejects(pullImage(engine, `sha256:${'0'.repeat(64)}`, { signal: signal() }), { code: 'image_not_found' });
});

t.test('references are taken apart by a strict grammar', async (t) => {
  const digest = `sha256:${'a'.repeat(64)}`;
  t.same(parseReference(`localhost:5000/a/b:1.0@${digest}`), {
    name: 'localhost:5000/a/b',
    registry: 'localhost:5000',
    tag: '1.0',
    digest,
  });
  t.same(parseReference('team/app'), { name: 'team/app', registry: null, tag: null, digest: null });
  const bad = [
    '',
    'App',
    '-a',
    'a b',
    'a;id',
    '../x',
    'a/../b',
    'a?x',
    'a%2e',
    'a:-x',
    'http://a/b',
    'a@sha256:1',
    '--x',
    'a\n',
  ];
  for (const text of bad)
    t.throws(() => parseReference(text), { code: 'image_reference_invalid' }, JSON.stringify(text));
});
