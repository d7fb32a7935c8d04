import { randomBytes } from 'node:crypto';
import t from 'tap';
import { testStack } from '../stack.js';

const git = (url: string, token?: unknown) => ({
  providerId: 'git',
  providerConfig: { url, ...(token === undefined ? {} : { token }) },
});
const run = randomBytes(3).toString('hex');
const service = (name: string, more: object = {}) => ({
  name: `${name}-${run}`,
  ...git('https://a.example/app.git', 'PLANTED'),
  builderId: 'dockerfile',
  builderConfig: {},
  ...more,
});
const masked = { secret: true };

t.test('secrets stay where they were meant for', async (t) => {
  const { api } = await testStack(t, { workers: 0 });
  const create = async (body: object) => {
    const answer = await api.post('/services', body);
    t.equal(answer.status, 201, JSON.stringify(answer.body));
    return `/services/${answer.body.id}`;
  };
  const patch = (path: string, body: object) => api.patch(path, body);

  t.test('names such as "sealed" are names like any other', async (t) => {
    const path = await create(
      service('named', { variables: { sealed: 'hello' }, builderConfig: { buildArgs: { sealed: 'x' } } }),
    );
    const { status, body } = await api.get(path);
    t.equal(status, 200);
    t.match(body, { variables: { sealed: 'hello' }, builderConfig: { buildArgs: { sealed: 'x' } } });
    t.equal((await api.get('/services')).status, 200);
    t.equal((await patch(path, { variables: { more: 'y' } })).status, 200);
    t.equal((await api.post(`${path}/plan`, {})).status, 200);
  });

  t.test('a mask in the place of a whole config is no config', async (t) => {
    const answer = await api.post('/services', service('mask', { providerConfig: masked }));
    t.match(answer, { status: 422, body: { code: 'invalid_service' } });
  });

  t.test('a stored secret does not follow its URL to another host', async (t) => {
    const path = await create(service('moved'));
    const url = 'https://b.example/app.git';
    for (const providerConfig of [{ url }, { url, token: masked }]) {
      const refused = await patch(path, { providerConfig });
      t.match(refused, { status: 422, body: { errors: [{ path: '/providerConfig/token', code: 'secret_needed' }] } });
    }
    t.equal((await patch(path, { providerConfig: { url, token: 'ANOTHER' } })).status, 200);
    t.equal((await patch(path, { providerConfig: { url: `${url}2` } })).status, 200, 'another path is the same host');
    t.equal((await patch(path, { providerConfig: { url: 'https://c.example/x', token: null } })).status, 200);
  });

  t.test('fallback sources keep their own secrets when one before them goes', async (t) => {
    const [one, two] = [git('https://one.example/a.git', 'FIRST'), git('https://two.example/a.git', 'SECOND')];
    const path = await create(service('fallbacks', { fallbackSources: [one, two] }));
    const shown = (await api.get(path)).body.fallbackSources[1];
    const answer = await patch(path, { fallbackSources: [shown] });
    t.match(answer, { status: 200, body: { fallbackSources: [{ providerConfig: { token: masked } }] } });
    const strange = await patch(path, { fallbackSources: [git('https://three.example/a.git', masked)] });
    t.match(strange, {
      status: 422,
      body: { errors: [{ path: '/fallbackSources/0/providerConfig/token', code: 'secret_needed' }] },
    });
  });
});
