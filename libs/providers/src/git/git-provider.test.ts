import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError, WorldError } from '@pierhead/model';
import { type GitServer, gitMissing, providerContract, startGitServer } from '@pierhead/testing';
import t from 'tap';
import { callContext } from './fixture.js';
import type { GitConfig } from './git-config.js';
import { createGitProvider, type GitProviderOptions } from './git-provider.js';
import { manifest } from './index.js';

const skip = gitMissing();
const files = {
  'README.md': 'top',
  'apps/web/index.js': 'web',
  'bin/run': { program: '#!/bin/sh\n' },
  'apps/web/shared': { link: '../../bin' },
  later: { link: 'not-yet/made' },
};

providerContract(manifest, {
  skip,
  prepare: async (t) => {
    const server = await startGitServer();
    t.teardown(() => server.close());
    await server.commit('app', files);
    const { host } = callContext('').context;
    return { config: { url: server.url('app') }, context: { host }, missing: { want: { ref: 'nowhere' } } };
  },
});

t.test('git provider', { skip, jobs: 1 }, async (t) => {
  const server = await startGitServer();
  t.teardown(() => server.close());
  const first = await server.commit('app', { old: 'old' }, { tag: 'v1.0' });
  const second = await server.commit('app', files, { tag: 'same' });
  const named = new Map<string, string>();
  for (const branch of ['feature/#12', 'release-1.2', 'été', 'same'])
    named.set(branch, await server.commit('app', { branch }, { branch }));

  const url = server.url('app');
  const resolve = (config: GitConfig, want = {}, options: GitProviderOptions = {}) =>
    createGitProvider(options).resolveRevision(config, want, callContext(t.testdirName).context);

  async function fetchInto(folder: string, config: GitConfig, id: string, options: GitProviderOptions = {}) {
    const { context, lines } = callContext(folder);
    const source = await createGitProvider(options).fetchSource({ id }, config, folder, context);
    if (source.kind !== 'tree') throw new Error(source.kind);
    return { path: source.path, lines };
  }

  t.test('resolves the default branch, branches, tags and commits', async (t) => {
    t.same(await resolve({ url }), { id: second, ref: 'main', url });
    t.same(await resolve({ url, ref: '' }), { id: second, ref: 'main', url });
    t.same(await resolve({ url, ref: 'main' }), { id: second, ref: 'main', url });
    t.same(await resolve({ url, ref: 'v1.0' }), { id: first, ref: 'v1.0', url }, 'an annotated tag is peeled');
    t.same(await resolve({ url, ref: first }), { id: first, url });
    for (const [ref, id] of named) t.same(await resolve({ url, ref }), { id, ref, url }, ref);
  });

  t.test('what is wanted comes before what is configured', async (t) => {
    t.match(await resolve({ url, ref: 'main' }, { ref: 'release-1.2' }), { id: named.get('release-1.2') });
    t.match(await resolve({ url }, { ref: 'refs/heads/main', revision: first }), { id: first, ref: 'main' });
    t.match(await resolve({ url }, { ref: 'refs/tags/same' }), { id: second, ref: 'same' });
  });

  t.test('a branch is preferred over a tag of the same name, and the log says so', async (t) => {
    const { context, lines } = callContext(t.testdir());
    const revision = await createGitProvider().resolveRevision({ url, ref: 'same' }, {}, context);
    t.equal(revision.id, named.get('same'));
    t.match(lines[0], /a branch and a tag/);
  });

  t.test('a missing ref is refused with the branches that there are', async (t) => {
    const hint = /Its branches: .*feature\/#12.*main/;
    await t.rejects(resolve({ url, ref: 'nope' }), { code: 'git_ref_not_found', hint });
    await t.rejects(fetchInto(t.testdir(), { url }, 'a'.repeat(40)), { code: 'git_ref_not_found' });
  });

  t.test('a missing repository is refused', async (t) => {
    await t.rejects(resolve({ url: server.url('nope') }), { code: 'git_repository_not_found' });
  });

  t.test('fetches a commit without its repository', async (t) => {
    const { path } = await fetchInto(t.testdir(), { url }, second);
    t.equal(readFileSync(join(path, 'README.md'), 'utf8'), 'top');
    t.ok(statSync(join(path, 'bin/run')).mode & 0o100, 'programs stay programs');
    t.equal(readlinkSync(join(path, 'apps/web/shared')), '../../bin', 'links inside stay links');
    t.notOk(existsSync(join(path, '.git')));
    t.notOk(existsSync(join(path, 'old')));
  });

  t.test('fetches a commit that is no longer a tip', async (t) => {
    const { path } = await fetchInto(t.testdir(), { url }, first);
    t.equal(readFileSync(join(path, 'old'), 'utf8'), 'old');
  });

  t.test('fetches it from a server that hands out tips only', async (t) => {
    const old = await startGitServer({ tipsOnly: true });
    t.teardown(() => old.close());
    const wanted = await old.commit('app', { 'a.txt': '1' });
    await old.commit('app', { 'a.txt': '2' });
    const { path, lines } = await fetchInto(t.testdir(), { url: old.url('app') }, wanted);
    t.equal(readFileSync(join(path, 'a.txt'), 'utf8'), '1');
    t.match(lines.join('\n'), /fetching all branches/);
  });

  t.test('answers the folder', async (t) => {
    const workspace = t.testdir();
    const { path } = await fetchInto(workspace, { url, folder: 'apps/web' }, second);
    t.equal(path, join(realpathSync(workspace), 'apps/web'));
    await t.rejects(fetchInto(t.testdir(), { url, folder: 'apps/none' }, second), { code: 'folder_not_found' });
    await t.rejects(fetchInto(t.testdir(), { url, folder: 'README.md' }, second), { code: 'folder_not_found' });
  });

  t.test('connects to the address that was checked', async (t) => {
    const { port } = new URL(url);
    const lookup = async () => [{ address: '::1' }, { address: '127.0.0.1' }];
    const config = { url: `http://repositories.test:${port}/app.git` };
    t.match(await resolve(config, {}, { lookup }), { id: second });
    const { path } = await fetchInto(t.testdir(), config, second, { lookup });
    t.ok(existsSync(join(path, 'README.md')));
  });

  t.test('private repositories need their token', async (t) => {
    const own = await privateServer(t);
    const config = { url: own.url('app') };
    await t.rejects(resolve(config), { code: 'git_auth_failed' });
    await t.rejects(resolve({ ...config, token: 'wrong' }), { code: 'git_auth_failed' });
    const authorized = { ...config, username: 'me', token: 's3cret:é' };
    const { id } = await resolve(authorized);
    const { path, lines } = await fetchInto(t.testdir(), authorized, id);
    t.ok(existsSync(join(path, 'a.txt')));
    t.notMatch(lines.join('\n'), /s3cret/);
  });

  t.test('too much to fetch or to write is refused', async (t) => {
    const tooLarge = { code: 'source_too_large' };
    for (const limits of [{ packBytes: 10 }, { treeBytes: 5 }, { files: 2 }])
      await t.rejects(fetchInto(t.testdir(), { url }, second, { limits }), tooLarge, JSON.stringify(limits));
  });

  t.test('a server that is down is the world’s failure', async (t) => {
    const gone = await startGitServer();
    await gone.close();
    const error = await resolve({ url: gone.url('app') }).catch((error: unknown) => error);
    t.type(error, WorldError);
    t.match(error, { code: 'git_unreachable' });
    t.type(await resolve({ url: server.url('nope') }).catch((error: unknown) => error), UserError);
  });

  t.test('a deep validation says which field is wrong', async (t) => {
    const own = await privateServer(t);
    const { context } = callContext(t.testdir());
    const problems = async (config: GitConfig) =>
      (await createGitProvider().validateConfig!(config, context)).map(({ path, code }) => `${path} ${code}`);
    t.same(await problems({ url, ref: 'main' }), []);
    t.same(await problems({ url, ref: first }), []);
    t.same(await problems({ url, ref: 'nope' }), ['/ref git_ref_not_found']);
    t.same(await problems({ url: server.url('nope') }), ['/url git_repository_not_found']);
    t.same(await problems({ url: 'http://10.0.0.1/app.git' }), ['/url address_refused']);
    t.same(await problems({ url: own.url('app') }), ['/token git_auth_failed']);
    t.same(await problems({ url, folder: '../x' }), ['/folder folder_invalid']);
  });

  t.test('the installed Git is new enough, or its version is told', async (t) => {
    const { context } = callContext(t.testdir());
    const reason = await createGitProvider().unavailable!(context);
    const version = execFileSync('git', ['--version'], { encoding: 'utf8' });
    if (reason) t.match(reason, { code: 'git_unavailable' }, version);
    else t.equal(reason, null);
  });
});

async function privateServer(t: Tap): Promise<GitServer> {
  const server = await startGitServer({ auth: { username: 'me', password: 's3cret:é' } });
  t.teardown(() => server.close());
  await server.commit('app', { 'a.txt': 'private' });
  return server;
}
type Tap = Pick<typeof t, 'teardown'>;
