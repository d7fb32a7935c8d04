import t from 'tap';
import { testStack } from '../stack.js';
import { createSite, freshName } from './scenarios.js';

const ids = (entries: { id: string }[]) => entries.map(({ id }) => id);

t.test('entries are switched off and on while everything runs', async (t) => {
  const stack = await testStack(t);
  const { api } = stack;
  const service = await createSite(stack, freshName('toggle'), { 'index.html': 'x' });
  t.teardown(() => api.patch('/providers/static', { enabled: true }));

  t.test('what is off vanishes from selection, and cannot be chosen', async (t) => {
    t.match(await api.patch('/providers/static', { enabled: false }), { status: 200, body: { enabled: false } });
    t.match((await api.get('/providers/static')).body, { id: 'static', enabled: false });
    const listed = (await api.get('/providers')).body as { id: string; enabled: boolean }[];
    t.equal(listed.find(({ id }) => id === 'static')?.enabled, false);
    t.notOk(ids((await api.get('/builders/static/providers')).body).includes('static'));
    const refused = await api.post('/services', {
      name: freshName('toggle'),
      providerId: 'static',
      builderId: 'static',
      providerConfig: { uploadId: '00000000-0000-7000-8000-000000000000' },
      builderConfig: {},
    });
    t.match(refused, { status: 422, body: { errors: [{ path: '/providerId', code: 'provider_disabled' }] } });
  });

  t.test('a service that has it says so in its plan, can be changed, and fails at deploy', async (t) => {
    const plan = await api.post(`/services/${service.id}/plan`, {});
    t.match(plan, { status: 200, body: { problems: [{ path: '/providerId', code: 'provider_disabled' }] } });
    t.equal((await api.patch(`/services/${service.id}`, { variables: { A: 'b' } })).status, 200);
    t.match(await api.deploy(service.id), { status: 'failed', error: { code: 'provider_disabled' } });
  });

  t.test('switched on again it works as before, and both changes are on record', async (t) => {
    t.match(await api.patch('/providers/static', { enabled: true }), { body: { enabled: true } });
    t.ok(ids((await api.get('/builders/static/providers')).body).includes('static'));
    t.same((await api.post(`/services/${service.id}/plan`, {})).body.problems, []);
    t.match(await api.deploy(service.id), { status: 'succeeded', source: { providerId: 'static', fallback: null } });
    const { items } = (await api.get('/audit?action=changeProvider&targetId=static')).body;
    t.match(items.slice(0, 2), [
      { target: { kind: 'provider', id: 'static' }, before: { enabled: false }, after: { enabled: true } },
      { before: { enabled: true }, after: { enabled: false } },
    ]);
  });

  t.test('the usage of an entry tells its services and what became of their deployments', async (t) => {
    const { status, body } = await api.get('/providers/static/usage');
    t.equal(status, 200);
    const known = body.services.find(({ id }: { id: string }) => id === service.id);
    t.match(known, { id: service.id, version: /^\d+\.\d+\.\d+$/ });
    const own = body.deployments.filter(({ serviceId }: { serviceId: string }) => serviceId === service.id);
    t.match(own, [
      { status: 'succeeded', found: true },
      { status: 'failed', found: true },
    ]);
    t.match(body.versions[0], { version: known.version, errorRate: Number });
    t.match(await api.get('/builders/dockerfile/usage'), { status: 200, body: { id: 'dockerfile' } });
    t.match(await api.get('/runtimes/nothing/usage'), { status: 404, body: { code: 'runtime_not_found' } });
  });

  t.test('what cannot be switched is refused', async (t) => {
    t.match(await api.patch('/providers/nothing', { enabled: false }), {
      status: 404,
      body: { code: 'provider_not_found' },
    });
    for (const body of [{}, { enabled: 'no' }, { enabled: true, other: 1 }])
      t.equal((await api.patch('/builders/static', body)).status, 400, JSON.stringify(body));
  });

  t.test('lists and schemas have ETags, and are not sent twice', async (t) => {
    for (const path of ['/providers', '/providers/static', '/builders/static/schema', '/providers/static/builders']) {
      const etag = (await api.get(path)).headers.get('etag')!;
      t.match(etag, /^"/, path);
      t.equal((await api.raw('GET', path, { headers: { 'if-none-match': etag } })).status, 304, path);
    }
  });
});
