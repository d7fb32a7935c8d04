import { randomUUID } from 'node:crypto';
import { callEngine, inspectImage } from '@pierhead/docker';
import { createRegistries } from '@pierhead/registry';
import {
  dockerMissing,
  ensureBaseImages,
  providerContract,
  recordingContext,
  removeTestImages,
  startImageRegistry,
  testDockerHost,
  testEngine,
} from '@pierhead/testing';
import t, { type Test } from 'tap';
import { createImageProvider } from './image-provider.js';
import { manifest } from './index.js';

t.setTimeout(120_000);
const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
const host = {
  installation: 'test',
  dockerHost: testDockerHost,
  dockerNetwork: '',
  dockerSubnets: '198.18.0.0/15',
  egressAllow: ['127.0.0.0/8'],
};

/** Tags busybox with a name that no image registry knows. */
async function localImage(t: Test): Promise<string> {
  const tag = randomUUID();
  const query = { repo: 'pierhead-test/provider', tag };
  await callEngine(testEngine(), { method: 'POST', path: '/images/busybox/tag', query });
  t.teardown(() => removeTestImages([`pierhead-test/provider:${tag}`]));
  return `pierhead-test/provider:${tag}`;
}

providerContract(manifest, {
  skip,
  prepare: async (t) => {
    const registry = await startImageRegistry();
    t.teardown(() => registry.close());
    await registry.publish('app', '1', randomUUID());
    return {
      config: { image: `${registry.host}/app:1` },
      context: { host },
      missing: { config: { image: `${registry.host}/app:2` } },
    };
  },
});

t.test('a tag, another tag and a digest are each pinned', { skip }, async (t) => {
  const registry = await startImageRegistry();
  t.teardown(() => registry.close());
  const [one, two] = [await registry.publish('app', '1', '1'), await registry.publish('app', '2', '2')];
  const config = { image: `${registry.host}/app:1` };
  const context = await recordingContext(t, { host });
  const resolve = async (want: { ref?: string; revision?: string }) =>
    (await createImageProvider().resolveRevision(config, want, context)).id;
  const name = `${registry.host}/app`;
  t.equal(await resolve({}), `${name}@${one}`);
  t.equal(await resolve({ ref: '2' }), `${name}@${two}`);
  t.equal(await resolve({ revision: two }), `${name}@${two}`);
  t.equal(await resolve({ revision: `${name}@${two}` }), `${name}@${two}`);
  await t.rejects(resolve({ revision: `${registry.host}/other@${two}` }), { code: 'revision_invalid' });
  await t.rejects(resolve({ revision: `${name}:2` }), { code: 'revision_invalid' });
  await t.rejects(resolve({ ref: '../x' }), { code: 'image_reference_invalid' });
  const base = await inspectImage(testEngine(), 'busybox');
  t.equal(await resolve({ revision: base?.id }), `${name}@${base?.id}`, "another service's image id is only a digest");
});

t.test('an image that exists only in the engine is pinned to its id', { skip }, async (t) => {
  const context = await recordingContext(t, { host });
  const image = await localImage(t);
  const base = await inspectImage(testEngine(), 'busybox');
  const revision = await createImageProvider().resolveRevision({ image }, {}, context);
  t.match(revision, { id: base?.id, ref: image });
  t.match(await createImageProvider().resolveRevision({ image }, { revision: base?.id }, context), { id: base?.id });
  const source = await createImageProvider().fetchSource(revision, { image }, context.workspace, context);
  t.same(source, { kind: 'image', reference: base?.id });
  t.same(await createImageProvider().validateConfig?.({ image }, context), []);
});

t.test('an image registry inside a private network is refused', { skip }, async (t) => {
  const context = await recordingContext(t, { host: { ...host, egressAllow: [] } });
  for (const image of ['127.0.0.1:5000/a', '169.254.169.254/latest/meta-data', 'localhost:80/x', '10.0.0.1/x']) {
    await t.rejects(createImageProvider().resolveRevision({ image }, {}, context), { code: 'address_refused' }, image);
  }
});

t.test('only references pass the schema', async (t) => {
  const { providers } = createRegistries({ providers: [manifest], builders: [], runtimes: [] });
  const validate = async (image: unknown) => (await providers.validateProviderConfig('image', { image }))!.valid;
  for (const good of ['nginx', 'ghcr.io/a/b:1', `a/b@sha256:${'a'.repeat(64)}`]) t.ok(await validate(good), good);
  for (const bad of ['', ' nginx', 'A', 'a b', 'a;id', '$(id)', '--x', '../a', `sha256:${'a'.repeat(65)}`, 5]) {
    t.notOk(await validate(bad), String(bad));
  }
});
