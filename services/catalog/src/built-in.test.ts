import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { builders } from '@pierhead/builders';
import { providers } from '@pierhead/providers';
import { runtimes } from '@pierhead/runtimes';
import { builderContract, providerContract, runtimeContract } from '@pierhead/testing';
import t from 'tap';
import { startCatalog } from './start-catalog.js';

const token = randomBytes(32).toString('hex');
const headers = { authorization: `Bearer ${token}` };

for (const manifest of providers) providerContract(manifest);
for (const manifest of builders) builderContract(manifest);
for (const manifest of runtimes) runtimeContract(manifest);

t.test('the lists and the folders are the same, and every folder explains itself', async (t) => {
  for (const [lib, manifests] of Object.entries({ providers, builders, runtimes })) {
    const entries = await readdir(new URL(`../../../libs/${lib}/src`, import.meta.url), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory());
    t.same(folders.map(({ name }) => name).sort(), manifests.map(({ id }) => id).sort(), lib);
    for (const { name } of folders)
      t.ok((await readdir(new URL(`../../../libs/${lib}/src/${name}`, import.meta.url))).includes('README.md'), name);
  }
});

t.test('the catalog starts with every built-in entry, and each has something to go with', async (t) => {
  const { url, close } = await startCatalog({
    catalogHost: '127.0.0.1',
    catalogPort: 0,
    catalogToken: token,
    logLevel: 'silent',
    dockerHost: 'unix:///var/run/docker.sock',
    dockerNetwork: '',
    dockerSubnets: '198.18.0.0/15',
    egressAllow: [],
    plugins: [],
  });
  t.teardown(close);
  const get = async (path: string) => (await (await fetch(url + path, { headers })).json()) as unknown[];
  t.equal((await get('/providers')).length, providers.length);
  for (const { id } of providers) t.ok((await get(`/providers/${id}/builders`)).length > 0, id);
  for (const { id } of builders) t.ok((await get(`/builders/${id}/runtimes`)).length > 0, id);
  for (const [method, path] of [
    ['GET', '/providers'],
    ['GET', '/plugins'],
    ['POST', '/resolve-service'],
    ['POST', '/look-up-source'],
  ] as const)
    for (const authorization of ['', 'Bearer x', `Bearer ${token}x`])
      t.equal((await fetch(url + path, { method, headers: { authorization } })).status, 401, path);
  t.equal((await fetch(`${url}/health`)).status, 200, 'whoever asks');
});
