import { connect } from 'node:net';
import { Type, UserError, WorldError } from '@pierhead/model';
import pino from 'pino';
import t, { type Test } from 'tap';
import { createServer, type ServerOptions } from './create-server.js';
import { HttpProblem, problems } from './http-problem.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function build(t: Test, options: Partial<ServerOptions> = {}) {
  const logger = pino({ level: 'silent' });
  const app = await createServer({ name: 'test', version: '1.0.0', logger, ...options });
  t.teardown(() => app.close());
  return app;
}

const Body = Type.Object({
  name: Type.String({ maxLength: 5 }),
  count: Type.Integer({ default: 3 }),
  inner: Type.Optional(Type.Object({ on: Type.Boolean() })),
});

t.test('every fault of a body is told at once, in problem details', async (t) => {
  const app = await build(t);
  app.post('/things', { schema: { body: Body } }, async (request) => request.body);
  const payload = { name: 'too long', count: '3', inner: { on: true, 'x/y': 1 }, extra: 1 };
  const response = await app.inject({ method: 'POST', url: '/things', payload });
  t.equal(response.statusCode, 400);
  t.equal(response.headers['content-type'], 'application/problem+json');
  const body = response.json();
  t.match(body, { type: 'about:blank', title: 'Bad Request', status: 400, code: 'invalid_request', requestId: uuid });
  t.same(body.errors.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`).sort(), [
    '/count type',
    '/extra unknown_key',
    '/inner/x~1y unknown_key',
    '/name too_long',
  ]);
  t.equal(response.headers['x-request-id'], body.requestId);
});

t.test('bodies get their defaults and are never coerced', async (t) => {
  const app = await build(t);
  app.post('/things', { schema: { body: Body } }, async (request) => request.body);
  const send = (payload: object) => app.inject({ method: 'POST', url: '/things', payload });
  t.same((await send({ name: 'a' })).json(), { name: 'a', count: 3 });
  t.equal((await send({ name: 1 })).statusCode, 400);
  t.equal((await send({ name: null })).statusCode, 400);
});

t.test('a body that is nested too deeply is refused with its path', async (t) => {
  const app = await build(t);
  app.post('/things', { schema: { body: Type.Object({ any: Type.Unknown() }) } }, async () => '');
  const payload = `{"any":${'['.repeat(150_000)}${']'.repeat(150_000)}}`;
  const headers = { 'content-type': 'application/json' };
  const response = await app.inject({ method: 'POST', url: '/things', payload, headers });
  t.match(response.json(), { status: 400, code: 'invalid_request', errors: [{ path: /^\/any\/0/, code: 'too_deep' }] });
});

t.test('query strings and params are read exactly', async (t) => {
  const app = await build(t);
  const querystring = Type.Object({
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
    on: Type.Optional(Type.Boolean()),
    tag: Type.Optional(Type.Array(Type.String())),
  });
  const params = Type.Object({ number: Type.Integer() });
  app.get('/things/:number', { schema: { querystring, params } }, async ({ query, params }) => ({ query, params }));
  const get = (query: string) => app.inject(`/things/7${query}`);
  t.same((await get('')).json(), { query: { limit: 50 }, params: { number: 7 } });
  t.same((await get('?limit=20&on=false&tag=a')).json().query, { limit: 20, on: false, tag: ['a'] });
  for (const query of ['limit=1.9', 'limit=true', 'limit=0x10', 'limit=', 'limit=201', 'limit=1&limit=2', 'on=1']) {
    t.match((await get(`?${query}`)).json(), { status: 400, code: 'invalid_request' }, query);
  }
  const response = await get('?colour=red&__proto__=1');
  t.same(
    response.json().errors.map(({ path }: { path: string }) => path),
    ['/query/colour', '/query/__proto__'],
  );
  t.match((await app.inject('/things/seven')).json(), { errors: [{ path: '/params/number', code: 'type' }] });
});

t.test('errors become problems by their family', async (t) => {
  const app = await build(t);
  const failures: Record<string, Error> = {
    problem: new HttpProblem(409, 'taken', 'That name is taken.', { headers: { 'x-hint': 'other' } }),
    user: new UserError('bad_pair', 'They do not fit.', { hint: 'Take another.' }),
    world: new WorldError('database_down', 'The database does not answer.'),
    unknown: new Error('password=hunter2 at /srv/secret'),
  };
  app.get('/fail/:kind', { schema: { params: Type.Object({ kind: Type.String() }) } }, async ({ params }) => {
    throw failures[params.kind];
  });
  const get = async (kind: string) => app.inject(`/fail/${kind}`);
  t.match((await get('problem')).json(), { status: 409, title: 'Conflict', code: 'taken' });
  t.equal((await get('problem')).headers['x-hint'], 'other');
  t.match((await get('user')).json(), { status: 422, code: 'bad_pair', detail: 'They do not fit. Take another.' });
  t.match((await get('world')).json(), { status: 503, code: 'database_down' });
  t.equal((await get('world')).headers['retry-after'], '5');
  const unknown = await get('unknown');
  t.match(unknown.json(), { status: 500, code: 'internal_error' });
  t.notMatch(unknown.body, /hunter2|srv|stack/);
});

t.test('an address may ask so many times within a minute; an IPv6 host has a /64', async (t) => {
  const app = await build(t, { requestsPerMinute: 2 });
  app.get('/', async () => 'yes');
  const ask = (remoteAddress: string) => app.inject({ url: '/', remoteAddress });
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1']) t.equal((await ask(address)).statusCode, 200, address);
  const refused = await ask('192.0.2.1');
  t.match(refused.json(), { status: 429, code: 'rate_limited', detail: /More than 2 requests/ });
  t.ok(Number(refused.headers['retry-after']) > 50);
  t.equal((await ask('192.0.2.2')).statusCode, 200, 'another one');
  for (const address of ['2001:db8::1', '2001:db8::2']) t.equal((await ask(address)).statusCode, 200, address);
  t.equal((await ask('2001:db8:0:0:ffff::3')).statusCode, 429);
  t.equal((await ask('2001:db8:0:1::1')).statusCode, 200, 'the next network');
});

t.test("the server's own refusals are problems too", async (t) => {
  const app = await build(t, { bodyLimit: 100 });
  app.post('/things', { schema: { body: Type.Object({}) } }, async () => ({}));
  const post = (payload: string, type = 'application/json') =>
    app.inject({ method: 'POST', url: '/things', payload, headers: { 'content-type': type } });
  t.match((await post('x'.repeat(101))).json(), { status: 413, code: 'body_too_large' });
  t.match((await post('x', 'text/plain')).json(), { status: 415, code: 'unsupported_media_type' });
  t.match((await post('<x/>', 'application/xml')).json(), { status: 415, code: 'unsupported_media_type' });
  for (const text of ['{', '', '{"__proto__":1}', '{"constructor":{"prototype":1}}', '[1', 'nul']) {
    t.match((await post(text)).json(), { status: 400, code: 'malformed_json', requestId: uuid }, text);
  }
  t.match((await app.inject('/nothing?token=abc')).json(), { status: 404, code: 'route_not_found' });
  t.match((await app.inject('/%zz')).json(), { status: 400, code: 'malformed_url', requestId: uuid });
  const wrongMethod = await app.inject({ method: 'DELETE', url: '/things' });
  t.match(wrongMethod.json(), { status: 405, code: 'method_not_allowed', requestId: uuid });
  t.equal(wrongMethod.headers.allow, 'POST');
});

t.test('routes of different methods may name a parameter differently', async (t) => {
  const app = await build(t);
  app.get('/things/:id/:part', async () => '');
  app.delete('/things/:name/:piece', async () => '');
  const response = await app.inject({ method: 'POST', url: '/things/1/2' });
  t.equal(response.statusCode, 405);
  t.equal(response.headers.allow, 'DELETE, GET, HEAD');
});

t.test('a request id is ours alone', async (t) => {
  const app = await build(t);
  app.get('/', async () => 'ok');
  const response = await app.inject({ url: '/', headers: { 'x-request-id': 'theirs', 'request-id': 'theirs' } });
  t.match(response.headers['x-request-id'], uuid);
});

t.test('answers carry security headers and say only what their schema says', async (t) => {
  const app = await build(t);
  const schema = { response: { 200: Type.Object({ shown: Type.String() }), ...problems(404) } };
  app.get('/', { schema }, async () => ({ shown: 'a', secret: 'b' }));
  const response = await app.inject('/');
  t.same(response.json(), { shown: 'a' });
  t.equal(response.headers['x-content-type-options'], 'nosniff');
  t.match(response.headers['content-security-policy'], "frame-ancestors 'none'");
});

t.test('what is not HTTP gets a problem and a closed connection', async (t) => {
  const app = await build(t);
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(url.port), url.hostname);
  socket.write('NONSENSE\r\n\r\n');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  t.match(answer, /^HTTP\/1\.1 400 /);
  t.match(JSON.parse(answer.split('\r\n\r\n')[1]!), { code: 'malformed_request', requestId: uuid });
});

t.test('metrics count requests by route template', async (t) => {
  const app = await build(t);
  app.get('/things/:id', async () => 'ok');
  await app.inject('/things/1');
  await app.inject('/things/2');
  const { body } = await app.inject('/metrics');
  t.match(body, /http_request_duration_seconds_count\{.*route="\/things\/:id".*\} 2/);
  t.match(body, /process_cpu_user_seconds_total/);
});

t.test('the OpenAPI document and its page ask no other origin', async (t) => {
  const app = await build(t, { openApi: { title: 'Test', description: 'A test.' } });
  const params = Type.Object({ id: Type.String({ format: 'uuid' }) });
  const response = { 200: Type.Object({ id: Type.Union([Type.String(), Type.Null()]) }), ...problems(404) };
  app.get('/things/:id', { schema: { params, response, summary: 'A thing' } }, async () => ({ id: null }));
  app.post('/open', { config: { public: true }, schema: { body: Body } }, async () => '');
  await app.ready();
  const document = (await app.inject('/openapi.json')).json();
  t.equal(document.openapi, '3.1.0');
  t.same(Object.keys(document.paths), ['/things/{id}', '/open']);
  const thing = document.paths['/things/{id}'].get;
  t.ok(thing.responses['404'].content['application/problem+json'].schema.properties.code);
  t.same(document.paths['/open'].post.security, []);
  t.equal(document.paths['/open'].post.requestBody.content['application/json'].schema.additionalProperties, false);
  const page = await app.inject('/docs');
  const html = page.statusCode === 302 ? await app.inject(String(page.headers.location)) : page;
  t.equal(html.statusCode, 200);
  t.notMatch(html.body, /https?:\/\//);
  t.match(html.headers['content-security-policy'], "default-src 'self'");
  t.notMatch(html.headers['content-security-policy'], /validator|https:|upgrade-insecure/);
});
