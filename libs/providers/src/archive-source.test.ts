import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type CallContext, Value } from '@pierhead/model';
import { createFolderStorage } from '@pierhead/storage';
import { type PackedEntry, packTarGz, providerContract } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { archiveConfig } from './archive-config.js';
import { manifest as staticManifest } from './static/index.js';
import { manifest as uploadManifest } from './upload/index.js';

const uploadId = '01890000-0000-7000-8000-000000000001';

async function setUp(t: Test, entries: PackedEntry[]) {
  const root = t.testdir({ workspace: {} });
  let digest = '';
  const storage = createFolderStorage(join(root, 'storage'), {
    findUpload: async (id) => (id === uploadId ? { digest, format: 'tar.gz' } : null),
  });
  digest = (await storage.saveUpload(Readable.from([packTarGz(entries)]), 'tar.gz')).digest;
  const workspace = join(root, 'workspace');
  const lines: string[] = [];
  const context: CallContext = {
    log: (text) => lines.push(text),
    signal: new AbortController().signal,
    workspace,
    storage,
    host: { installation: 'test', dockerHost: '', dockerNetwork: '', dockerSubnets: '', egressAllow: [] },
  };
  return { context, workspace, digest, lines, root };
}

const zipped: PackedEntry[] = [
  { name: 'project/index.html', body: 'hi' },
  { name: 'project/app/main.js', body: '1' },
  { name: 'project/link', type: '2', target: 'app' },
];

for (const manifest of [uploadManifest, staticManifest]) {
  providerContract(manifest, {
    prepare: async (t) => {
      const { context } = await setUp(t, zipped);
      const missing = { config: { uploadId: '01890000-0000-7000-8000-000000000002' } };
      return { config: { uploadId }, context: { storage: context.storage }, missing };
    },
  });

  t.test(`${manifest.id}: resolves the upload's digest and unpacks it`, async (t) => {
    const { context, workspace, digest } = await setUp(t, zipped);
    const provider = (await manifest.load())();
    const revision = await provider.resolveRevision({ uploadId }, {}, context);
    t.same(revision, { id: digest });
    const source = await provider.fetchSource(revision, { uploadId }, workspace, context);
    t.same(source, { kind: manifest.produces, path: workspace });
    t.same((await readdir(workspace)).sort(), ['app', 'index.html', 'link'], 'the single folder is left away');
  });

  t.test(`${manifest.id}: says when there is no such upload`, async (t) => {
    const { context } = await setUp(t, zipped);
    const provider = (await manifest.load())();
    const config = { uploadId: '01890000-0000-7000-8000-000000000002' };
    await t.rejects(provider.resolveRevision(config, {}, context), { name: 'UserError', code: 'upload_not_found' });
    t.match(await provider.validateConfig?.(config, context), [{ path: '/uploadId', code: 'upload_not_found' }]);
    t.same(await provider.validateConfig?.({ uploadId }, context), []);
  });

  t.test(`${manifest.id}: has no refs and no revisions`, async (t) => {
    const { context } = await setUp(t, zipped);
    const provider = (await manifest.load())();
    for (const want of [{ ref: 'main' }, { revision: 'abc' }])
      await t.rejects(provider.resolveRevision({ uploadId }, want, context), { code: 'revision_not_supported' });
  });
}

t.test('takes a folder inside the archive, also through a link that stays inside', async (t) => {
  for (const folder of ['app', 'app/', 'link']) {
    const { context, workspace, digest } = await setUp(t, zipped);
    const provider = (await uploadManifest.load())();
    const source = await provider.fetchSource({ id: digest }, { uploadId, folder }, workspace, context);
    t.same(source, { kind: 'tree', path: join(workspace, 'app') });
  }
});

t.test('refuses a folder that is missing, a file, or outside, and says what is there', async (t) => {
  for (const folder of ['nothing', 'index.html', '../beside', '/etc']) {
    const { context, workspace, digest, root } = await setUp(t, zipped);
    await mkdir(join(root, 'beside'));
    const provider = (await uploadManifest.load())();
    await t.rejects(provider.fetchSource({ id: digest }, { uploadId, folder }, workspace, context), {
      code: 'folder_not_found',
      hint: 'At its top it has: app, index.html, link.',
    });
  }
});

t.test('ships what was resolved or nothing', async (t) => {
  const { context, workspace } = await setUp(t, zipped);
  const provider = (await uploadManifest.load())();
  const other = { id: `sha256:${'0'.repeat(64)}` };
  await t.rejects(provider.fetchSource(other, { uploadId }, workspace, context), { code: 'upload_changed' });
});

t.test('the schema takes strict relative folders and ids only', async (t) => {
  for (const folder of ['', 'a', 'a/b', 'a/', '.config', '..a', 'ä b/c'])
    t.ok(Value.Check(archiveConfig, { uploadId, folder }), folder);
  for (const folder of ['/', '/a', '..', '../a', 'a/..', 'a/../b', './a', 'a//b', 'a\\b', 'a\nb', 'a\u0000'])
    t.notOk(Value.Check(archiveConfig, { uploadId, folder }), JSON.stringify(folder));
  for (const id of ['', 'x', `${uploadId}x`, `../${uploadId}`])
    t.notOk(Value.Check(archiveConfig, { uploadId: id }), id);
  t.notOk(Value.Check(archiveConfig, { uploadId, other: 1 }));
});
