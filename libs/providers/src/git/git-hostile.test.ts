import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Value } from '@pierhead/model';
import { type GitFiles, gitMissing, startGitServer } from '@pierhead/testing';
import t from 'tap';
import { callContext } from './fixture.js';
import { checkFolder, checkRef, gitConfigSchema } from './git-config.js';
import { createGitProvider } from './git-provider.js';

const skip = gitMissing();
const provider = createGitProvider();

const hostileRefs = [
  '--upload-pack=x',
  '-x',
  ';id',
  'a;id',
  '$(id)',
  '`id`',
  'a b',
  'a\nb',
  'a\0b',
  'a..b',
  'a//b',
  '/a',
  'a/',
  'a.lock',
  'a.lock/b',
  '.a',
  'a/.b',
  'a@{1}',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  '+a:b',
  'a'.repeat(256),
];
const acceptedRefs = [
  'main',
  'feature/#12',
  'release-1.2',
  'été',
  'v1.0+build',
  '日本',
  'dependabot/npm_and_yarn/@x/y-1.2',
];
const hostileFolders = ['..', '../x', 'a/../../b', '/etc', 'a//b', './a', 'a/', '.git', 'a/.GIT/b', 'a\\b', 'a\0b'];

t.test('hostile refs are refused by the schema and again at use, good ones by neither', async (t) => {
  const accepts = (ref: string) => Value.Check(gitConfigSchema, { url: 'https://host/a', ref });
  for (const ref of hostileRefs) {
    t.notOk(accepts(ref), JSON.stringify(ref));
    t.throws(() => checkRef(ref), { code: 'git_ref_invalid' });
  }
  for (const ref of acceptedRefs) {
    t.ok(accepts(ref), ref);
    t.equal(checkRef(ref), ref);
  }
  t.ok(accepts(''));
});

t.test('hostile folders are refused by the schema and again at use', async (t) => {
  const accepts = (folder: string) => Value.Check(gitConfigSchema, { url: 'https://host/a', folder });
  for (const folder of hostileFolders) {
    t.notOk(accepts(folder), JSON.stringify(folder));
    t.throws(() => checkFolder(folder), { code: 'folder_invalid' });
  }
  for (const folder of ['', 'apps/web', '.config', 'a b/.github', 'été']) t.ok(accepts(folder), folder);
});

t.test('hostile URLs are refused by the schema and again at use', async (t) => {
  const hostile = [
    'ext::sh -c id',
    'ext::sh',
    'file:///etc',
    'ssh://git@127.0.0.1/a',
    'git@127.0.0.1:a/b',
    '/etc/passwd',
    '--upload-pack=touch',
    'https://me:pw@127.0.0.1/a',
    'https://me@127.0.0.1/a',
    'https://127.0.0.1/a\tb',
    'http:\\\\127.0.0.1\\a',
  ];
  for (const url of hostile) {
    t.notOk(Value.Check(gitConfigSchema, { url }), url);
    await t.rejects(provider.resolveRevision({ url }, {}, callContext('/').context), { code: /^url_/ }, url);
  }
});

t.test('odd notations and private addresses are refused before Git runs', async (t) => {
  const { context } = callContext('/', { allow: [] });
  for (const host of ['2130706433', '0x7f.1', '127.1', '①②⑦.⓪.⓪.①', '[::ffff:127.0.0.1]'])
    await t.rejects(provider.resolveRevision({ url: `https://${host}/a.git` }, {}, context), { code: 'url_invalid' });
  for (const host of ['127.0.0.1', '169.254.169.254', '10.0.0.1', '[::1]'])
    await t.rejects(provider.resolveRevision({ url: `https://${host}/a.git` }, {}, context), {
      code: 'address_refused',
    });
});

t.test('revisions and refs from elsewhere pass the same gate', async (t) => {
  const { context } = callContext('/');
  const url = 'http://127.0.0.1:1/a.git';
  for (const ref of hostileRefs) {
    await t.rejects(provider.resolveRevision({ url }, { ref }, context), { code: 'git_ref_invalid' }, ref);
    await t.rejects(provider.resolveRevision({ url }, { revision: ref }, context), { code: 'git_ref_invalid' }, ref);
    await t.rejects(provider.fetchSource({ id: ref }, { url }, '/', context), { code: 'git_ref_invalid' }, ref);
  }
});

t.test('hostile repositories', { skip }, async (t) => {
  const server = await startGitServer();
  t.teardown(() => server.close());
  const url = server.url('app');
  const fetch = async (workspace: string, files: GitFiles) => {
    const id = await server.commit('app', files);
    const { context, lines } = callContext(workspace);
    return { source: await provider.fetchSource({ id }, { url }, workspace, context), lines };
  };

  t.test('hooks, filters and submodules do not run, whatever the user’s own Git is told', async (t) => {
    const folder = t.testdir({ home: {}, out: {}, workspace: {} });
    const canary = (name: string) => `touch ${join(folder, 'out', name)}`;
    const home = join(folder, 'home');
    const hook = `#!/bin/sh\n${canary('hook')}\n`;
    mkdirSync(join(home, 'hooks'));
    writeFileSync(join(home, 'hooks', 'post-checkout'), hook, { mode: 0o755 });
    const settings = [
      `[core]\n hooksPath = ${join(home, 'hooks')}\n fsmonitor = "${canary('fsmonitor')}"`,
      `[filter "evil"]\n smudge = "${canary('filter')}; cat"\n required = true`,
      '[submodule]\n recurse = true\n[protocol "ext"]\n allow = always',
    ];
    writeFileSync(join(home, '.gitconfig'), settings.join('\n'));
    withVariables(t, { HOME: home, GIT_CONFIG_GLOBAL: join(home, '.gitconfig') });
    const { lines } = await fetch(join(folder, 'workspace'), {
      '.gitattributes': '* filter=evil\n*.bin filter=lfs diff=lfs merge=lfs\n',
      '.gitmodules': `[submodule "sub"]\n path = sub\n url = ext::sh -c "${canary('submodule')}"\n update = !${canary('update')}\n`,
      '.gitconfig': settings.join('\n'),
      'hooks/post-checkout': { program: hook },
      'a.bin': 'version https://git-lfs.github.com/spec/v1\n',
      sub: { submodule: 'a'.repeat(40) },
    });
    t.same(readdirSync(join(folder, 'out')), []);
    t.ok(existsSync(join(folder, 'workspace', 'a.bin')));
    t.match(lines.join('\n'), /Submodule sub is left out/);
  });

  t.test('links that leave the tree are refused', async (t) => {
    const escapes: GitFiles[] = [
      { a: { link: '/etc/passwd' } },
      { a: { link: '../outside' } },
      { 'x/y': { link: '../../outside' } },
      { a: { link: '/nowhere/at/all' } },
      { 'p/q/r/up': { link: '../../..' }, e: { link: 'p/q/r/up/..' } },
      { 'p/q/r/up': { link: '../../..' }, e: { link: 'p/q/r/up/../not-there' } },
      { a: { link: 'not-there/../../outside' } },
      { a: { link: '..' } },
    ];
    for (const files of escapes)
      await t.rejects(fetch(t.testdir(), files), { code: 'source_unsafe_link' }, JSON.stringify(files));
    await fetch(t.testdir(), { 'a/b': 'x', c: { link: 'a/../a/b' }, loop: { link: 'loop' }, self: { link: '.' } });
  });

  t.test('an abort kills Git for real', async (t) => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.teardown(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const aborting = new AbortController();
    const { context } = callContext(t.testdir(), { signal: aborting.signal });
    const config = { url: `http://127.0.0.1:${port}/app.git` };
    const fetching = provider.fetchSource({ id: 'a'.repeat(40) }, config, t.testdirName, context);
    const [socket] = (await once(silent, 'connection')) as [Socket];
    const closed = once(
      socket.resume().on('error', () => undefined),
      'close',
    );
    const reason = new Error('canceled');
    aborting.abort(reason);
    t.equal(await fetching.catch((error: unknown) => error), reason);
    await closed;
    await t.rejects(provider.resolveRevision(config, {}, context), reason);
  });

  t.test('a silent server ends at the time limit', async (t) => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.teardown(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const impatient = createGitProvider({ limits: { listMs: 300 } });
    const config = { url: `http://127.0.0.1:${port}/app.git` };
    await t.rejects(impatient.resolveRevision(config, {}, callContext('/').context), { code: 'git_unreachable' });
  });

  t.test('redirects are not followed, least of all to a private address', async (t) => {
    let reached = 0;
    const target = createHttpServer((_, reply) => {
      reached++;
      reply.end();
    });
    const pointing = createHttpServer((request, reply) => {
      const { port } = target.address() as AddressInfo;
      reply.writeHead(302, { location: `http://127.0.0.1:${port}${request.url}` }).end();
    });
    for (const each of [target, pointing]) {
      each.listen(0, '127.0.0.1');
      await once(each, 'listening');
      t.teardown(() => each.close());
    }
    const config = { url: `http://127.0.0.1:${(pointing.address() as AddressInfo).port}/app.git`, token: 'secret' };
    const { context } = callContext(t.testdir());
    await t.rejects(provider.resolveRevision(config, {}, context), { code: 'git_redirected' });
    const fetching = provider.fetchSource({ id: 'a'.repeat(40) }, config, t.testdirName, context);
    await t.rejects(fetching, { code: 'git_redirected' });
    t.equal(reached, 0);
  });
});

function withVariables(t: Pick<typeof import('tap').t, 'teardown'>, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    t.teardown(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}
