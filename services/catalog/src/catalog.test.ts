import { sampleManifests } from '@pierhead/testing';
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

async function build(t: Test) {
  const manifests = sampleManifests();
  const source = sourceOf(manifests);
  const app = await createCatalog({ source: () => source, host, logger: pino({ level: 'silent' }) });
  t.teardown(() => app.close());
  const get = async (url: string) => (await app.inject(url)).json();
  const post = async (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
  return { app, get, post, loads: manifests.loads };
}

const repository = 'https://example.com/app.git';
const service = {
  providerId: 'sample-git',
  builderId: 'sample-image',
  providerConfig: { repository, access: 'token', token: 'secret' },
  builderConfig: {},
};

t.test('a thousand lists and schemas load no implementation', async (t) => {
  const { app, loads } = await build(t);
  for (let round = 0; round < 500; round++) {
    await app.inject('/providers');
    await app.inject('/builders/sample-image/schema');
  }
  t.same(loads, {});
});

t.test('lists, entries and schemas of all three kinds are served', async (t) => {
  const { get } = await build(t);
  const ids = (entries: { id: string }[]) => entries.map(({ id }) => id);
  t.same(ids(await get('/providers')), ['sample-git', 'sample-site']);
  t.same(ids(await get('/builders')), ['sample-image', 'sample-files']);
  t.same(ids(await get('/runtimes')), ['sample-container', 'sample-files']);
  t.match(await get('/providers/sample-git'), { name: 'Sample Git', produces: 'tree', enabled: true });
  t.match(await get('/runtimes/sample-container/schema'), { id: 'sample-container', jsonSchema: { type: 'object' } });
  t.match(await get('/providers/sample-git/schema?version=1.2.0'), { version: '1.2.0' });
  t.match(await get('/providers/sample-git/schema?version=9.0.0'), { status: 404, code: 'version_not_found' });
});

t.test('what goes together is told from either side', async (t) => {
  const { get } = await build(t);
  const ids = (entries: { id: string }[]) => entries.map(({ id }) => id);
  t.same(ids(await get('/providers/sample-git/builders')), ['sample-image', 'sample-files']);
  t.same(ids(await get('/builders/sample-image/providers')), ['sample-git']);
  t.same(ids(await get('/builders/sample-image/runtimes')), ['sample-container']);
  t.same(ids(await get('/runtimes/sample-files/builders')), ['sample-files']);
});

t.test('an unknown id is a 404 that names the known ones', async (t) => {
  const { get, post } = await build(t);
  for (const end of ['', '/schema', '/builders']) {
    const body = await get(`/providers/nothing${end}`);
    t.match(body, { status: 404, code: 'provider_not_found', detail: /"sample-git", "sample-site"/ });
  }
  t.equal((await post('/builders/__proto__/validate', { config: {} })).json().code, 'builder_not_found');
});

t.test('metadata and schemas carry a strong ETag and answer 304', async (t) => {
  const { app } = await build(t);
  for (const url of ['/providers', '/providers/sample-git', '/providers/sample-git/schema']) {
    const etag = String((await app.inject(url)).headers.etag);
    t.match(etag, /^"/);
    t.equal((await app.inject({ url, headers: { 'if-none-match': etag } })).statusCode, 304);
  }
});

t.test('validation answers 200 whether valid or not', async (t) => {
  const { post, loads } = await build(t);
  const good = await post('/providers/sample-git/validate', { config: { repository } });
  t.equal(good.statusCode, 200);
  t.same(good.json(), {
    valid: true,
    errors: [],
    warnings: [],
    config: { repository, branch: 'main', access: 'public' },
  });
  const bad = await post('/providers/sample-git/validate', { config: { colour: 1 } });
  t.equal(bad.statusCode, 200);
  t.match(bad.json(), { valid: false, errors: [{ path: '/repository', code: 'required' }, { code: 'unknown_key' }] });
  t.match((await post('/providers/sample-git/validate', { config: 'x' })).json(), {
    errors: [{ path: '', code: 'type' }],
  });
  t.equal((await post('/providers/sample-git/validate', {})).statusCode, 400);
  t.equal((await post('/providers/sample-git/validate', { config: {}, other: 1 })).statusCode, 400);
  t.same(loads, {});
});

t.test('a validation never echoes a secret, however wrong the config is', async (t) => {
  const { post } = await build(t);
  const shown = async (kind: string, config: unknown) =>
    (await post(`/${kind}/validate`, { config })).json().config as object;
  const base = { repository, branch: 'main', access: 'token' };
  const hidden = { ...base, token: { secret: true } };
  for (const token of ['hush', 'hush\n', { value: 'hush' }, ['hush'], 'hush'.repeat(1_000)])
    t.same(await shown('providers/sample-git', { ...base, token }), hidden);
  const misnamed = { ...base, tokne: 'hush', deeper: { token: 'hush' }, access: 'public' };
  t.same(await shown('providers/sample-git', misnamed), { ...base, access: 'public' });
  t.same(await shown('runtimes/sample-container', { healthCheck: 'hush' }), { port: 3000 });
});

t.test('a deep validation asks the implementation', async (t) => {
  const { post, loads } = await build(t);
  const config = { repository: 'https://example.com/missing.git' };
  const answer = await post('/providers/sample-git/validate', { config, deep: true });
  t.match(answer.json(), { valid: false, errors: [{ path: '/repository', code: 'repository_not_found' }] });
  t.same(loads, { 'sample-git': 1 });
});

t.test('a service is resolved to versions, normalised configs and the names of its secrets', async (t) => {
  const { post } = await build(t);
  const answer = await post('/resolve-service', service);
  t.equal(answer.statusCode, 200);
  t.same(answer.json(), {
    valid: true,
    errors: [],
    fallbackSources: [],
    warnings: [],
    provider: { id: 'sample-git', version: '1.2.0' },
    builder: { id: 'sample-image', version: '1.0.0' },
    runtime: { id: 'sample-container', version: '1.0.0', commands: false },
    providerConfig: { repository, branch: 'main', access: 'token', token: 'secret' },
    builderConfig: { dockerfilePath: 'Dockerfile', buildArgs: {}, cache: true },
    runtimeConfig: { port: 3000 },
    secrets: { providerConfig: ['token'], builderConfig: [], runtimeConfig: [] },
  });
});

t.test('everything that is wrong with a service is told at once, under the part it is in', async (t) => {
  const { post } = await build(t);
  const wrong = { ...service, providerConfig: {}, builderConfig: { cache: 'yes' }, runtimeConfig: { healthCheck: {} } };
  const { valid, errors } = (await post('/resolve-service', wrong)).json();
  t.equal(valid, false);
  t.same(
    errors.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`),
    ['/providerConfig/repository required', '/builderConfig/cache type', '/runtimeConfig/healthCheck/seconds required'],
  );
});

t.test('a pair that does not fit is refused with those that do', async (t) => {
  const { post } = await build(t);
  const site = { ...service, providerId: 'sample-site', providerConfig: {} };
  t.match((await post('/resolve-service', site)).json(), {
    valid: false,
    errors: [{ path: '/builderId', code: 'incompatible_pair', message: /"sample-files"/ }],
  });
  const runtime = { ...service, runtimeId: 'sample-files' };
  t.match((await post('/resolve-service', runtime)).json(), {
    errors: [{ path: '/runtimeId', code: 'incompatible_runtime', message: /"sample-container"/ }],
  });
});

t.test('unknown ids are named with the known ones', async (t) => {
  const { post } = await build(t);
  const unknown = { ...service, providerId: 'nope', builderId: 'nope', runtimeId: 'nope' };
  const answer = (await post('/resolve-service', unknown)).json();
  t.match(answer, { valid: false, provider: null, builder: null, runtime: null });
  t.match(answer.errors, [
    { path: '/providerId', code: 'provider_unknown', message: /"sample-git", "sample-site"/ },
    { path: '/builderId', code: 'builder_unknown' },
    { path: '/runtimeId', code: 'runtime_unknown' },
  ]);
});
