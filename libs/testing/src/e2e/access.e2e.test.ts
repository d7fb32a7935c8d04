import { randomBytes } from 'node:crypto';
import t from 'tap';
import { createApiDriver } from '../api-driver.js';
import { type Stack, testStack } from '../stack.js';
import { until } from '../until.js';
import { createSite, freshName, site } from './scenarios.js';

t.setTimeout(120_000);

t.test('tokens, their scopes and the record of what is done with them', async (t) => {
  const stack = await testStack(t);
  const { api } = stack;
  const make = async (scopes: string[], more: object = {}) => {
    const { status, headers, body } = await api.post('/tokens', { name: freshName('token'), scopes, ...more });
    t.equal(status, 201, JSON.stringify(body));
    const holder: Stack = { ...stack, api: createApiDriver(api.url, body.token) };
    return { ...holder, headers, made: body };
  };
  const entriesOf = async (filter: string) => (await api.get(`/audit?${filter}`)).body.items;

  t.test('a token is shown once, by the answer that makes it', async (t) => {
    const { made, headers } = await make(['deploy']);
    t.match(made, { id: String, scopes: ['deploy'], expiresAt: null, lastUsedAt: null, token: /^ph_[\w-]{43}$/ });
    t.equal(headers.get('cache-control'), 'no-store');
    t.equal(headers.get('location'), `/tokens/${made.id}`);
    t.match(await api.post('/tokens', { name: made.name, scopes: ['read'] }), { body: { code: 'name_taken' } });
    const listed = (await api.get('/tokens?limit=200')).body.items;
    const { token, ...rest } = made;
    t.same(
      listed.find(({ id }: { id: string }) => id === made.id),
      rest,
    );
    const known = JSON.stringify([listed, await entriesOf(`targetId=${made.id}`)]);
    t.notMatch(known, token);
    t.match(await entriesOf(`targetId=${made.id}`), [
      {
        action: 'createToken',
        actor: 'admin',
        target: { kind: 'token' },
        after: { name: made.name, scopes: ['deploy'] },
      },
    ]);
  });

  t.test('a reader reads and asks, and changes nothing', async (t) => {
    const service = await createSite(stack, freshName('read'), { 'index.html': 'x' });
    const { api: reader } = await make(['read']);
    t.equal((await reader.get(`/services/${service.id}`)).status, 200);
    t.equal((await reader.post('/builders/static/validate', { config: {} })).status, 200);
    t.equal((await reader.post(`/services/${service.id}/plan`, {})).status, 200);
    const refused = { status: 403, body: { code: 'scope_missing', detail: /deploy/ } };
    t.match(await reader.post(`/services/${service.id}/deployments`, {}), refused);
    t.match(await reader.delete(`/services/${service.id}`), refused);
    t.match(await reader.upload(site({ 'index.html': 'x' }), 'application/gzip'), refused);
    for (const path of ['/audit', '/tokens']) t.match(await reader.get(path), { status: 403 });
    t.equal((await api.get(`/services/${service.id}`)).status, 200, 'it is still there');
  });

  t.test('a deployer deploys under its own name, and makes no tokens', async (t) => {
    const deployer = await make(['deploy']);
    const actor = deployer.made.name;
    const service = await createSite(deployer, freshName('ship'), { 'index.html': 'x' });
    const { id, number, trigger } = await deployer.api.deploy(service.id);
    t.match(trigger, { kind: 'api', actor });
    t.match(await entriesOf(`actor=${actor}`), [
      { action: 'deployService', target: { kind: 'deployment', id }, after: { number, environment: 'production' } },
      { action: 'createService', target: { kind: 'service', id: service.id }, tokenId: deployer.made.id },
      { action: 'upload', target: { kind: 'upload' }, after: { files: 1 } },
    ]);
    t.match(await deployer.api.post('/tokens', { name: freshName('more'), scopes: ['admin'] }), { status: 403 });
    t.match(await deployer.api.post('/projects', { name: freshName('more') }), { status: 403 });
    const used = (await api.get('/tokens?limit=200')).body.items.find((each: { name: string }) => each.name === actor);
    t.type(used.lastUsedAt, 'string');
  });

  t.test('a token of one project works there as if nothing else existed', async (t) => {
    const project = (await api.post('/projects', { name: freshName('own') })).body;
    const elsewhere = await createSite(stack, freshName('elsewhere'), { 'index.html': 'x' });
    const limited = await make(['deploy'], { projects: [project.id] });
    t.same(limited.made.projects, [project.id]);
    const service = await createSite(limited, freshName('within'), { 'index.html': 'x' });
    t.match(await api.get(`/services/${service.id}`), { body: { projectId: project.id } });
    t.match(await limited.api.deploy(service.id), { serviceId: service.id });
    const { body } = await limited.api.get('/services');
    t.same(
      body.items.map(({ id }: { id: string }) => id),
      [service.id],
    );
    t.match(await limited.api.delete(`/services/${elsewhere.id}`), {
      status: 404,
      body: { code: 'service_not_found' },
    });
    t.match(await limited.api.get('/workers'), { status: 403, body: { code: 'project_limited' } });
    t.equal((await api.get(`/services/${elsewhere.id}`)).status, 200, 'it is still there');
  });

  t.test('a removed token is refused at once, an expired one from its time on', async (t) => {
    const { made, api: holder } = await make(['read']);
    t.equal((await holder.get('/services')).status, 200);
    t.equal((await api.delete(`/tokens/${made.id}`)).status, 204);
    t.match(await holder.get('/services'), { status: 401, body: { code: 'token_invalid' } });
    t.equal((await api.delete(`/tokens/${made.id}`)).status, 404);
    t.match((await entriesOf(`targetId=${made.id}`))[0], { action: 'deleteToken', before: { scopes: ['read'] } });
    const short = await make(['read'], { expiresAt: new Date(Date.now() + 2_000).toISOString() });
    t.equal((await short.api.get('/services')).status, 200);
    await until('the token expires', async () => (await short.api.get('/services')).status === 401);
  });

  t.test('a service is on record from its creation to its end, without its secrets', async (t) => {
    const secrets = [1, 2, 3].map(() => `hush-${randomBytes(12).toString('hex')}`);
    const name = freshName('recorded');
    const created = await api.post('/services', {
      name,
      providerId: 'git',
      builderId: 'static',
      providerConfig: { url: 'https://git.example.com/a/b.git', token: secrets[0] },
      builderConfig: {},
      variables: { OPEN: 'seen', KEY: { secret: true, value: secrets[1] } },
    });
    const path = `/services/${created.body.id}`;
    const variables = { OPEN: 'changed', KEY: { secret: true, value: secrets[2] } };
    const changed = await api.patch(path, { variables });
    await api.delete(path);
    const answer = await api.get(`/audit?targetId=${created.body.id}`);
    const masked = { name, providerConfig: { token: { secret: true } }, variables: { KEY: { secret: true } } };
    t.match(answer.body.items, [
      { action: 'deleteService', before: { ...masked, revision: 2 }, after: null },
      {
        action: 'changeService',
        actor: 'admin',
        tokenId: null,
        before: { ...masked, variables: { OPEN: 'seen' } },
        after: { ...masked, variables: { OPEN: 'changed' } },
        requestId: changed.headers.get('x-request-id'),
        address: String,
      },
      { action: 'createService', before: null, after: masked },
    ]);
    const everything = JSON.stringify(await api.get('/audit?limit=200'));
    for (const secret of secrets) t.notOk(everything.includes(secret));
    t.notOk(everything.includes('sealed'), 'not even what they are sealed as');
  });

  t.test('the record is read page after page, and by time', async (t) => {
    const names = ['a', 'b', 'c'].map((each) => freshName(each));
    for (const name of names) await api.post('/projects', { name });
    await api.post('/projects', { name: names[0] });
    const seen: string[] = [];
    let path: string | null = '/audit?limit=2&action=createProject';
    while (path) {
      const { items, nextCursor } = (await api.get(path)).body as Page;
      seen.push(...items.map(({ after }) => after.name));
      path = nextCursor ? `/audit?limit=2&action=createProject&cursor=${nextCursor}` : null;
    }
    t.same(seen.slice(0, 3), names.toReversed(), 'newest first, and what was refused is not there');
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    t.same((await entriesOf(`from=${soon}`)).length, 0);
    t.ok((await entriesOf(`to=${soon}`)).length > 0);
    t.match(await api.get('/audit?targetId=%00'), { status: 400 });
    t.match(await api.delete('/audit'), { status: 405 });
  });
});

interface Page {
  items: { after: { name: string } }[];
  nextCursor: string | null;
}
