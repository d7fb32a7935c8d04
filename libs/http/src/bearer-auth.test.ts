import type { Scope } from '@pierhead/model';
import type { FastifyRequest } from 'fastify';
import pino from 'pino';
import t from 'tap';
import { bearerToken, requireToken } from './bearer-auth.js';
import { createServer } from './create-server.js';
import { registerHealth } from './health.js';

const owner = (...scopes: Scope[]) => ({ tokenId: null, name: scopes.join('-'), scopes, projects: null });
const owners: Record<string, ReturnType<typeof owner>> = {
  good: owner('admin'),
  reader: owner('read'),
  deployer: owner('deploy'),
};

async function build(options?: Parameters<typeof requireToken>[2]) {
  const openApi = { title: 'Test', description: 'A test.' };
  const app = await createServer({ name: 'test', version: '1.0.0', logger: pino({ level: 'silent' }), openApi });
  await app.register(async (early) => {
    early.get('/early', async () => 'early');
  });
  requireToken(app, (token) => owners[token] ?? null, options);
  registerHealth(app, { checks: {} });
  app.get('/private', async () => 'private');
  app.get('/public', { config: { public: true } }, async () => 'public');
  await app.register(async (late) => {
    late.get('/late', async () => 'late');
  });
  return app;
}

t.test('every route that is not public needs a token, whenever it was added', async (t) => {
  const app = await build();
  for (const url of ['/private', '/early', '/late', '/metrics']) {
    const refused = await app.inject(url);
    t.match(refused.json(), { status: 401, code: 'token_missing' }, url);
    t.equal(refused.headers['www-authenticate'], 'Bearer');
    t.equal((await app.inject({ url, headers: { authorization: 'Bearer good' } })).statusCode, 200);
  }
  for (const url of ['/public', '/health', '/ready', '/openapi.json', '/docs/']) {
    t.not((await app.inject(url)).statusCode, 401, url);
  }
});

t.test('a wrong or malformed token is refused', async (t) => {
  const app = await build();
  for (const authorization of [
    'Bearer bad',
    'Bearer',
    'Basic good',
    'good',
    'Bearer good extra',
    `Bearer ${'x'.repeat(600)}`,
  ]) {
    t.equal((await app.inject({ url: '/private', headers: { authorization } })).statusCode, 401, authorization);
  }
});

t.test('a token in a query string is refused even beside a good one', async (t) => {
  const app = await build();
  for (const name of ['token', 'access_token', 'Token']) {
    const response = await app.inject({ url: `/private?${name}=good`, headers: { authorization: 'Bearer good' } });
    t.match(response.json(), { status: 400, code: 'token_in_query' });
  }
});

t.test('a token may come from elsewhere, such as a cookie', async (t) => {
  const tokenOf = (request: FastifyRequest) => bearerToken(request) ?? request.headers.cookie?.split('=')[1] ?? null;
  const app = await build({ tokenOf });
  t.equal((await app.inject({ url: '/private', headers: { cookie: 'session=good' } })).statusCode, 200);
  t.equal((await app.inject({ url: '/private', headers: { cookie: 'session=bad' } })).statusCode, 401);
});

t.test('an address that sends wrong tokens is soon not listened to; those who are known from there are', async (t) => {
  const app = await build({ failuresPerMinute: 3 });
  const ask = async (token: string, remoteAddress = '192.0.2.1') =>
    app.inject({ url: '/private', remoteAddress, headers: { authorization: `Bearer ${token}` } });
  t.equal((await ask('good')).statusCode, 200);
  for (const guess of ['a', 'b', 'c']) t.equal((await ask(guess)).statusCode, 401);
  const refused = await ask('d');
  t.match(refused.json(), { status: 429, code: 'rate_limited', detail: /More than 3 wrong tokens/ });
  t.ok(Number(refused.headers['retry-after']) > 50);
  t.equal((await ask('reader')).statusCode, 429, 'a right guess is none the wiser');
  t.equal((await ask('good')).statusCode, 200, 'it was shown before');
  t.equal((await ask('reader', '192.0.2.2')).statusCode, 200, 'another address');
});

t.test('wrong tokens that come at once are looked up no more often; one good token is asked about once', async (t) => {
  let asked = 0;
  const app = await createServer({ name: 'test', version: '1.0.0', logger: pino({ level: 'silent' }) });
  const verify = async (token: string) => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return owners[token] ?? null;
  };
  requireToken(app, verify, { failuresPerMinute: 3 });
  app.get('/private', async () => 'private');
  const ask = (token: string) => app.inject({ url: '/private', headers: { authorization: `Bearer ${token}` } });
  const good = await Promise.all(Array.from({ length: 20 }, () => ask('good')));
  t.ok(good.every(({ statusCode }) => statusCode === 200));
  t.equal(asked, 1);
  const wrong = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`wrong${index}`)));
  t.equal(wrong.filter(({ statusCode }) => statusCode === 401).length, 3);
  t.equal(asked, 4);
});

t.test('a body is not read for a request without a token', async (t) => {
  const app = await build();
  app.post('/write', async () => 'written');
  const response = await app.inject({
    method: 'POST',
    url: '/write',
    payload: '{',
    headers: { 'content-type': 'application/json' },
  });
  t.equal(response.statusCode, 401);
});

t.test('a token reaches what its scopes include; without a word that is reading, or nothing', async (t) => {
  const app = await build();
  const answer = async (request: FastifyRequest) => request.identity?.name ?? 'nobody';
  app.get('/silent', answer);
  app.post('/silent', answer);
  app.delete('/silent', answer);
  app.get('/secret', { config: { scope: 'admin' } }, answer);
  app.post('/ship', { config: { scope: 'deploy' } }, answer);
  app.post('/check', { config: { scope: 'read' } }, answer);
  app.post('/open', { config: { public: true } }, answer);
  const rows = [
    ['GET', '/silent', 'read'],
    ['HEAD', '/silent', 'read'],
    ['POST', '/silent', 'admin'],
    ['DELETE', '/silent', 'admin'],
    ['GET', '/secret', 'admin'],
    ['HEAD', '/secret', 'admin'],
    ['POST', '/ship', 'deploy'],
    ['POST', '/check', 'read'],
  ] as const;
  const order = ['read', 'deploy', 'admin'];
  for (const [method, url, needed] of rows) {
    for (const [token, { name }] of Object.entries(owners)) {
      const response = await app.inject({ method, url, headers: { authorization: `Bearer ${token}` } });
      const may = order.indexOf(name) >= order.indexOf(needed);
      t.equal(response.statusCode, may ? 200 : 403, `${token}: ${method} ${url}`);
      if (may && method !== 'HEAD') t.equal(response.body, name, 'the route knows whose token it is');
      if (!may) t.equal(response.headers['www-authenticate'], `Bearer error="insufficient_scope", scope="${needed}"`);
    }
  }
  t.equal((await app.inject({ method: 'POST', url: '/open' })).body, 'nobody');
});

t.test('a refusal for want of a scope names the scope, and what the token has', async (t) => {
  const app = await build();
  app.post('/ship', { config: { scope: 'deploy' } }, async () => 'shipped');
  const response = await app.inject({ method: 'POST', url: '/ship', headers: { authorization: 'Bearer reader' } });
  t.match(response.json(), { status: 403, code: 'scope_missing', detail: /scope deploy.*“read” has read\./ });
});
