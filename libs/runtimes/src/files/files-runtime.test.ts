import { join } from 'node:path';
import type { CallContext, FilesArtifact, RunSpec } from '@pierhead/model';
import { createFolderStorage } from '@pierhead/storage';
import { runtimeContract } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { manifest } from './index.js';

const spec: RunSpec<Record<string, unknown>> = {
  serviceId: 's',
  serviceName: 'site',
  environment: 'production',
  deploymentId: 'd',
  config: {},
  variables: {},
};

async function setUp(t: Test) {
  const root = t.testdir({ site: { 'index.html': 'hi' } });
  const storage = createFolderStorage(join(root, 'storage'), { findUpload: async () => null });
  const { digest, bytes } = await storage.putTree(join(root, 'site'));
  const rules = { index: 'index.html', cleanUrls: true, cacheControl: '', headers: [], redirects: [] };
  const artifact: FilesArtifact = { kind: 'files', digest, bytes, rules };
  const signal = new AbortController().signal;
  const host = { installation: 'test', dockerHost: '', dockerNetwork: '', dockerSubnets: '', egressAllow: [] };
  const context: CallContext = { log: () => {}, signal, workspace: root, storage, host };
  return { storage, artifact, context, runtime: (await manifest.load())() };
}

runtimeContract(manifest, { prepare: setUp });

t.test('a stored tree starts as one upstream, and is healthy while storage has it', async (t) => {
  const { runtime, artifact, context, storage } = await setUp(t);
  const { digest, rules } = artifact;
  const instance = await runtime.start(artifact, spec, context);
  t.same(instance, { ids: [], upstreams: [{ kind: 'files', digest, rules }] });
  t.same(await runtime.start(artifact, spec, context), instance, 'starting again is the same');
  t.same(await runtime.probe(instance, spec, context), { healthy: true });
  t.equal(await runtime.adopt(spec, context), null);
  await runtime.stop(spec, context);
  for await (const line of runtime.logs(spec, { follow: true }, context)) t.fail(line.text);
  await storage.removeTree(digest);
  t.match(await runtime.probe(instance, spec, context), { healthy: false });
  await t.rejects(runtime.start(artifact, spec, context), { name: 'UserError', code: 'tree_not_found' });
});

t.test('refuses an image', async (t) => {
  const { runtime, context } = await setUp(t);
  const image = { kind: 'image', digest: 'sha256:0', bytes: 0 } as const;
  await t.rejects(runtime.start(image, spec, context), { code: 'artifact_not_supported' });
});
