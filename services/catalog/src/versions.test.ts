import {
  type BuilderManifest,
  configSchema,
  type ProviderManifest,
  password,
  type RuntimeManifest,
  Type,
  text,
} from '@pierhead/model';
import type { Manifests } from '@pierhead/registry';
import pino from 'pino';
import t, { type Test } from 'tap';
import { createCatalog } from './create-catalog.js';
import { sourceOf } from './fixtures/source-of.js';

const host = {
  installation: 'test',
  dockerHost: 'unix:///var/run/docker.sock',
  dockerNetwork: '',
  dockerSubnets: '198.18.0.0/15',
  egressAllow: [],
};
const told = { name: 'Entry', description: 'An entry.', icon: 'box', category: 'test', tags: [] };
const load = () => Promise.reject(new Error('nothing is loaded here'));

const one: ProviderManifest = {
  ...told,
  id: 'source',
  version: '1.0.0',
  produces: 'tree',
  configSchema: configSchema({
    repo: text({ label: 'Repository', immutable: true }),
    token: Type.Optional(password({ label: 'Token' })),
  }),
  load,
};
const two: ProviderManifest = {
  ...one,
  version: '2.0.0',
  configSchema: configSchema({
    repository: text({ label: 'Repository' }),
    token: Type.Optional(password({ label: 'Token' })),
  }),
  migrateConfig: ({ repo, ...rest }) => ({ ...rest, repository: `moved/${repo}` }),
};
const builder: BuilderManifest = {
  ...told,
  id: 'build',
  version: '1.0.0',
  accepts: ['tree'],
  produces: 'files',
  configSchema: configSchema({}),
  load,
};
const runtime: RuntimeManifest = {
  ...told,
  id: 'run',
  version: '1.0.0',
  accepts: ['files'],
  configSchema: configSchema({}),
  load,
};
const others = { builders: [builder], runtimes: [runtime] };

/** What the tests look into. */
interface Answer {
  fields: { key: string }[];
  errors: unknown[];
  problems: unknown[];
  fallbackSources: unknown[];
  length: number;
}

async function start(t: Test, manifests: Manifests = { providers: [one, two], ...others }) {
  const source = sourceOf(manifests);
  const app = await createCatalog({ source: () => source, host, logger: pino({ level: 'silent' }) });
  source.onReload(() => app.readyAnswers?.clear());
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  const call = async (path: string, body?: object, headers: Record<string, string> = {}) => {
    const sent = body && { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(url + path, {
      ...sent,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    });
    return {
      status: response.status,
      etag: response.headers.get('etag'),
      json: (await response.json()) as Answer,
    };
  };
  return { source, call };
}

const stored = {
  providerId: 'source',
  providerVersion: '1.0.0',
  providerConfig: { repo: 'a', token: 'hunter2' },
  builderId: 'build',
  builderVersion: '1.0.0',
  builderConfig: {},
  runtimeId: 'run',
  runtimeVersion: '1.0.0',
  runtimeConfig: {},
};
const { providerVersion: _, ...unpinned } = stored;
const off = { 'pierhead-disabled': 'provider/source' };

t.test('versions stand side by side, each with its schema', async (t) => {
  const { call } = await start(t);
  t.match((await call('/providers')).json, [{ id: 'source', version: '2.0.0', versions: ['2.0.0', '1.0.0'] }]);
  t.match((await call('/providers/source?version=1.0.0')).json, { version: '1.0.0' });
  const keys = async (path: string) => (await call(path)).json.fields.map(({ key }) => key);
  t.same(await keys('/providers/source/schema'), ['repository', 'token']);
  t.same(await keys('/providers/source/schema?version=1.0.0'), ['repo', 'token']);
  t.match(await call('/providers/source/schema?version=3.0.0'), { status: 404, json: { code: 'version_not_found' } });
  t.match((await call('/providers/source/validate', { config: { repo: 'a' }, version: '1.0.0' })).json, {
    valid: true,
  });
  t.match((await call('/providers/source/validate', { config: { repo: 'a' } })).json, { valid: false });
});

t.test('the answer of a validation holds no secret', async (t) => {
  const { call } = await start(t);
  const { json } = await call('/providers/source/validate', { config: { repository: 'a', token: 'hunter2' } });
  t.match(json, { valid: true, config: { repository: 'a', token: { secret: true } } });
  t.notMatch(JSON.stringify(json), /hunter2/);
});

t.test('a new service gets the newest version, a stored one keeps its own', async (t) => {
  const { call } = await start(t);
  const created = { ...unpinned, providerConfig: { repository: 'a' } };
  t.match((await call('/resolve-service', created)).json, { valid: true, provider: { version: '2.0.0' } });
  const changed = await call('/resolve-service', { ...unpinned, previous: stored });
  t.match(changed.json, { valid: true, provider: { version: '1.0.0' }, providerConfig: { repo: 'a' } });
});

t.test('naming another version carries the config over', async (t) => {
  const { call } = await start(t);
  const { json } = await call('/resolve-service', { ...stored, providerVersion: '2.0.0', previous: stored });
  t.match(json, {
    valid: true,
    provider: { version: '2.0.0' },
    providerConfig: { repository: 'moved/a', token: 'hunter2' },
  });
  const unknown = await call('/resolve-service', { ...stored, providerVersion: '9.0.0', previous: stored });
  t.match(unknown.json.errors, [{ path: '/providerVersion', code: 'provider_version_unknown' }]);
});

t.test('what cannot be changed is held against what is stored', async (t) => {
  const { call } = await start(t);
  const { json } = await call('/resolve-service', { ...stored, providerConfig: { repo: 'b' }, previous: stored });
  t.match(json.errors, [{ path: '/providerConfig/repo', code: 'immutable' }]);
});

t.test('an upgrade is shown before and after, without its secrets', async (t) => {
  const { call } = await start(t);
  const { json } = await call('/preview-upgrades', stored);
  t.same(json, {
    upgrades: [
      {
        path: '/providerConfig',
        kind: 'provider',
        id: 'source',
        from: '1.0.0',
        to: '2.0.0',
        before: { repo: 'a', token: { secret: true } },
        after: { repository: 'moved/a', token: { secret: true } },
        problems: [],
      },
    ],
    problems: [],
  });
});

t.test('a reload swaps every answer at once; a version that is gone is told', async (t) => {
  const { call, source } = await start(t);
  const before = await call('/providers');
  t.equal((await call('/providers')).etag, before.etag);
  source.swap({ providers: [two], ...others });
  const after = await call('/providers');
  t.match(after.json, [{ versions: ['2.0.0'] }]);
  t.not(after.etag, before.etag);
  const gone = [{ path: '/providerVersion', code: 'provider_version_gone', message: /2\.0\.0/ }];
  t.match((await call('/resolve-service', { ...unpinned, previous: stored })).json.errors, gone);
  t.match((await call('/preview-upgrades', stored)).json, { problems: gone, upgrades: [{ to: '2.0.0' }] });
  t.match(await call('/resolve-service', { ...stored, providerVersion: '2.0.0', previous: stored }), {
    json: { valid: true },
  });
});

t.test('what is switched off is shown so, cannot be chosen, and stays with those who have it', async (t) => {
  const { call } = await start(t);
  t.match((await call('/providers')).json, [{ enabled: true }]);
  t.match((await call('/providers', undefined, off)).json, [{ id: 'source', enabled: false }]);
  t.match((await call('/providers')).json, [{ enabled: true }]);
  t.equal((await call('/builders/build/providers')).json.length, 1);
  t.same((await call('/builders/build/providers', undefined, off)).json, []);
  const chosen = await call('/resolve-service', stored, off);
  t.match(chosen.json.errors, [{ path: '/providerId', code: 'provider_disabled' }]);
  t.match((await call('/resolve-service', { ...unpinned, previous: stored }, off)).json, { valid: true });
  t.match((await call('/preview-upgrades', stored, off)).json.problems, [{ code: 'provider_disabled' }]);
});

t.test('fallback sources are pinned and validated like the first', async (t) => {
  const { call } = await start(t);
  const fallback = { providerId: 'source', providerConfig: { repository: 'mirror', token: 'hunter3' } };
  const good = await call('/resolve-service', { ...stored, fallbackSources: [fallback] });
  t.match(good.json.fallbackSources, [
    { providerVersion: '2.0.0', providerConfig: { repository: 'mirror' }, secrets: ['token'] },
  ]);
  const bad = await call('/resolve-service', {
    ...stored,
    fallbackSources: [fallback, { ...fallback, providerConfig: {} }],
  });
  t.match(bad.json.errors, [{ path: '/fallbackSources/1/providerConfig/repository', code: 'required' }]);
});
