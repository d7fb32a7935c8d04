import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallContext, type FilesArtifact, type Source, Value } from '@pierhead/model';
import { createFolderStorage, openTree } from '@pierhead/storage';
import { builderContract } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { manifest } from './index.js';
import { type StaticConfig, staticConfig } from './static-config.js';

type Files = Parameters<Test['testdir']>[0];

async function setUp(t: Test, source: NonNullable<Files>) {
  const root = t.testdir({ source });
  const context: CallContext = {
    log: () => {},
    signal: new AbortController().signal,
    workspace: root,
    storage: createFolderStorage(join(root, 'storage'), { findUpload: async () => null }),
    host: { installation: 'test', dockerHost: '', dockerNetwork: '', dockerSubnets: '', egressAllow: [] },
  };
  const builder = (await manifest.load())();
  const tree: Source = { kind: 'tree', path: join(root, 'source') };
  const build = async (config: StaticConfig) => (await builder.build(tree, config, context)) as FilesArtifact;
  const open = async (digest: string) => openTree((await context.storage.treePath(digest)) ?? '');
  return { root, context, builder, build, open };
}

builderContract(manifest, {
  prepare: async (t) => {
    const { context, root } = await setUp(t, { 'index.html': 'hi' });
    const source: Source = { kind: 'tree', path: join(root, 'source') };
    return { source, context, broken: { source, config: { publishFolder: 'nowhere' } } };
  },
});

t.test('stores the published folder without .git and says how to serve it', async (t) => {
  const source = {
    dist: { 'index.html': 'hi', '404.html': 'no', '.git': { config: 'secret' }, sub: { '.git': 'x', a: 'a' } },
    secret: 'x',
  };
  const { build, open } = await setUp(t, source);
  const artifact = await build({ publishFolder: 'dist' });
  t.equal(artifact.kind, 'files');
  t.equal(artifact.bytes, 2 + 2 + 1);
  t.same(artifact.rules, {
    index: 'index.html',
    errorPage: '/404.html',
    cleanUrls: true,
    cacheControl: 'public, max-age=0, must-revalidate',
    headers: [],
    redirects: [],
  });
  const tree = await open(artifact.digest);
  t.ok(tree.find('sub/a'));
  t.equal(tree.size, 3);
});

t.test('every field of the config becomes a rule', async (t) => {
  const { build } = await setUp(t, { 'home.htm': '', 'app.html': '', errors: { 'no.html': '' } });
  const headers = [{ path: '/**', name: 'X-A', value: 'b' }];
  const config: StaticConfig = {
    index: 'home.htm',
    errorPage: 'errors/no.html',
    fallback: '/app.html',
    cleanUrls: false,
    cacheControl: 'no-store',
    headers,
    redirects: [
      { from: '/a', to: '/b' },
      { from: '/c/*', to: 'https://example.com/:splat', status: 308 },
    ],
  };
  t.same((await build(config)).rules, {
    index: 'home.htm',
    errorPage: '/errors/no.html',
    fallback: '/app.html',
    cleanUrls: false,
    cacheControl: 'no-store',
    headers,
    redirects: [
      { from: '/a', to: '/b', status: 302 },
      { from: '/c/*', to: 'https://example.com/:splat', status: 308 },
    ],
  });
});

t.test('says what exists when something is missing', async (t) => {
  const { build } = await setUp(t, { dist: { 'index.html': '' }, 'readme.md': '' });
  await t.rejects(build({ publishFolder: 'public' }), { code: 'publish_folder_not_found', hint: /dist, readme\.md/ });
  await t.rejects(build({ publishFolder: 'readme.md' }), { code: 'publish_folder_not_found' });
  await t.rejects(build({}), { code: 'index_not_found', hint: /It lies in dist: publish that folder\./ });
  const folder = { publishFolder: 'dist' };
  await t.rejects(build({ ...folder, errorPage: 'x.html' }), { code: 'error_page_not_found', hint: /index\.html/ });
  await t.rejects(build({ ...folder, fallback: 'x.html' }), { code: 'fallback_not_found' });
  await t.rejects(build({ ...folder, fallback: '../readme.md' }), { code: 'fallback_not_found' });
});

t.test('links must stay inside', async (t) => {
  const { build, root } = await setUp(t, { dist: { 'index.html': '' }, 'readme.md': 'secret' });
  await symlink('/etc', join(root, 'source/outside'));
  await t.rejects(build({ publishFolder: 'outside' }), { code: 'publish_folder_not_found' });
  await symlink('../readme.md', join(root, 'source/dist/link'));
  await t.rejects(build({ publishFolder: 'dist' }), { code: 'tree_unsafe_entry' });
  await t.rejects(build({ publishFolder: 'dist', fallback: 'link' }), { code: 'fallback_not_found' });
});

t.test('refuses an image', async (t) => {
  const { builder, context } = await setUp(t, {});
  const image: Source = { kind: 'image', reference: 'x' };
  await t.rejects(builder.build(image, {}, context), { code: 'source_not_supported' });
});

t.test('validation and build refuse the same rules', async (t) => {
  const { builder, build, context } = await setUp(t, { 'index.html': '' });
  const bad: [StaticConfig, string][] = [
    ...['Connection', 'content-length', 'Proxy-Authorization', 'transfer-encoding', 'Location'].map(
      (name): [StaticConfig, string] => [{ headers: [{ path: '/', name, value: 'x' }] }, '/headers/0/name'],
    ),
    [{ headers: [{ path: '/', name: 'X-A', value: 'a\r\nSet-Cookie: b' }] }, '/headers/0/value'],
    ...['//evil.com', '/\\evil.com', 'javascript:alert(1)', 'https://', 'https://a:b@c/', 'x', '/a\r\nb'].map(
      (to): [StaticConfig, string] => [{ redirects: [{ from: '/a', to }] }, '/redirects/0/to'],
    ),
    [{ redirects: [{ from: '/a', to: '/a' }] }, '/redirects/0/to'],
    [{ redirects: [{ from: '/a', to: '/b/:splat' }] }, '/redirects/0/to'],
    [{ redirects: [{ from: '/a/*', to: 'https://good.com:splat' }] }, '/redirects/0/to'],
    [{ redirects: [{ from: '/a', to: '/b', status: 305 }] }, '/redirects/0/status'],
  ];
  for (const [config, path] of bad) {
    const problems = await builder.validateConfig?.(config, context);
    t.match(problems, [{ path }], JSON.stringify(config));
    await t.rejects(build(config), { name: 'UserError', code: 'site_rules_invalid', problems: [{ path }] });
  }
});

t.test('the schema refuses what no rule can be', async (t) => {
  const good: StaticConfig[] = [
    {},
    { publishFolder: '.' },
    { publishFolder: './' },
    { publishFolder: 'a/b/' },
    { errorPage: '', fallback: '' },
    ...['/', '/*', '/**', '/assets/**', '/**/*.js', '/a-*/b', '/.well-known/x'].map((path) => ({
      headers: [{ path, name: 'X-A', value: '' }],
    })),
    ...['/', '/a', '/a/', '/a/*', '/*', '/ä/b'].map((from) => ({ redirects: [{ from, to: '/x' }] })),
  ];
  for (const config of good) t.ok(Value.Check(staticConfig, config), JSON.stringify(config));
  const bad: unknown[] = [
    ...['..', '/', '/a', 'a/../b', 'a\\b', ''].map((publishFolder) => ({ publishFolder })),
    ...['.', '..', 'a/b', '.htaccess', ''].map((index) => ({ index })),
    ...['../x', 'a//b', 'a\nb'].map((fallback) => ({ fallback })),
    ...['a', '/**/**', '/*a*', '/+(a)', '/{a,b}', '/[a]', '/!x', '/***', '/**/a/**'].map((path) => ({
      headers: [{ path, name: 'X-A', value: '' }],
    })),
    ...['', 'X A', 'X:A', 'X\r\n'].map((name) => ({ headers: [{ path: '/', name, value: '' }] })),
    { headers: [{ path: '/', name: 'X-A', value: 'a\r\nb' }] },
    ...['', 'a', '/a*', '/*/a', '//a', '/a?b', '/a b'].map((from) => ({ redirects: [{ from, to: '/x' }] })),
    ...['//evil.com', 'ftp://x', '/a b', '/a\\b'].map((to) => ({ redirects: [{ from: '/', to }] })),
    { cacheControl: 'a\nb' },
    { other: 1 },
  ];
  for (const config of bad) t.notOk(Value.Check(staticConfig, config), JSON.stringify(config));
});
