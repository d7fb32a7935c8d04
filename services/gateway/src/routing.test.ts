import { join } from 'node:path';
import type { Route } from '@pierhead/model';
import { createFolderStorage } from '@pierhead/storage';
import t from 'tap';
import {
  ask,
  gatewayFor,
  MemoryRoutes,
  reflect,
  release,
  route,
  sendRaw,
  until,
  upstreamFor,
} from './fixtures/gateway-fixture.js';

t.test('a request goes to the release of its host, whatever the case and port of the host', async (t) => {
  const one = await upstreamFor(t, (_request, response) => response.end('one'));
  const two = await upstreamFor(t, (_request, response) => response.end('two'));
  const gateway = await gatewayFor(t, new MemoryRoutes([route('one.test', one.port), route('two.test', two.port)]));
  t.equal((await ask(gateway.url, { headers: { host: 'one.test' } })).body, 'one');
  t.equal((await ask(gateway.url, { headers: { host: 'TWO.test:8080' } })).body, 'two');
});

t.test('every path and method reaches the release as the client wrote it', async (t) => {
  const { gateway } = await release(t, reflect);
  for (const path of [
    '/health',
    '/ready',
    '/metrics',
    '//x//',
    '/a/../b%2F..?q=%&r',
    '/%zz',
    '/?',
    `/${'x'.repeat(5_000)}`,
  ]) {
    t.equal(JSON.parse((await ask(gateway.url, { path })).body).url, path);
  }
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE']) {
    t.equal(JSON.parse((await ask(gateway.url, { method })).body).method, method);
  }
  const head = await ask(gateway.url, { method: 'HEAD' });
  t.match(head, { status: 200, body: '', headers: { 'content-type': 'application/json' } });
});

t.test('an unknown host gets a 404 that says what it is and how to fix it', async (t) => {
  const { gateway } = await release(t, reflect);
  const headers = { host: 'other.test' };
  const answer = await ask(gateway.url, { headers });
  t.equal(answer.status, 404);
  t.match(answer.headers['content-type'], 'application/problem+json');
  t.match(JSON.parse(answer.body), { status: 404, code: 'unknown_hostname', detail: /other\.test/, hint: /deploy/ });
  const page = await ask(gateway.url, { headers: { ...headers, accept: 'text/html,*/*' } });
  t.match(page.headers['content-type'], 'text/html');
  t.match(page.body, /No live release answers at other\.test/);
});

t.test('a host outside the grammar is refused and never reflected', async (t) => {
  const { port } = await release(t, reflect);
  for (const host of ['<script>alert(1)</script>', 'app.test@evil.test', 'app.test/..', 'app.test:80:80', 'a b', '']) {
    const answer = await sendRaw(
      port,
      `GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
    );
    t.match(answer, /^HTTP\/1\.1 400 /, host);
    t.notMatch(answer, /<script|evil/, host);
  }
});

t.test('a request with no host, two hosts or an absolute target is refused', async (t) => {
  let arrived = 0;
  const { port } = await release(t, (_request, response) => {
    arrived += 1;
    response.end();
  });
  const end = 'Connection: close\r\n\r\n';
  t.match(await sendRaw(port, `GET / HTTP/1.1\r\n${end}`), /^HTTP\/1\.1 400 /);
  t.match(await sendRaw(port, `GET / HTTP/1.0\r\n${end}`), /^HTTP\/1\.1 400 /);
  t.match(await sendRaw(port, `GET / HTTP/1.1\r\nHost: app.test\r\nHost: app.test\r\n${end}`), /^HTTP\/1\.1 400 /);
  t.match(await sendRaw(port, `GET / HTTP/1.1\r\nHost: app.test\r\nhOST: other.test\r\n${end}`), /^HTTP\/1\.1 400 /);
  t.match(await sendRaw(port, `GET http://evil.test/ HTTP/1.1\r\nHost: app.test\r\n${end}`), /^HTTP\/1\.1 400 /);
  t.match(await sendRaw(port, `OPTIONS * HTTP/1.1\r\nHost: app.test\r\n${end}`), /^HTTP\/1\.1 400 /);
  t.notMatch(await sendRaw(port, `CONNECT evil.test:80 HTTP/1.1\r\nHost: app.test\r\n${end}`), /200/);
  t.equal(arrived, 0);
});

t.test('health, readiness and metrics answer on the admin listener only', async (t) => {
  const { gateway } = await release(t, (_request, response) => response.end('the app'));
  t.match(await ask(`${gateway.adminUrl}/health`), { status: 200 });
  t.match(await ask(`${gateway.adminUrl}/ready`), { status: 200 });
  t.equal((await ask(`${gateway.url}/metrics`)).body, 'the app');
  const metrics = await ask(`${gateway.adminUrl}/metrics`);
  t.match(metrics.body, /pierhead_gateway_responses_total\{status="2xx".*\} 1/);
  t.match(metrics.body, /pierhead_gateway_routes\{.*\} 1/);
});

t.test('a table that flips between two releases under load loses no request', async (t) => {
  const one = await upstreamFor(t, (_request, response) => setTimeout(() => response.end('one'), 3));
  const two = await upstreamFor(t, (_request, response) => setTimeout(() => response.end('two'), 3));
  const source = new MemoryRoutes([route('app.test', one.port)]);
  const gateway = await gatewayFor(t, source);
  const seen = { one: 0, two: 0 };
  let flips = 0;
  const client = async () => {
    while (flips < 40) {
      const { status, body } = await ask(gateway.url);
      if (status !== 200) throw new Error(`${status} ${body}`);
      seen[body as keyof typeof seen] += 1;
    }
  };
  const clients = Promise.all([client(), client(), client(), client()]);
  for (; flips < 40; flips += 1) {
    const loads = source.loads;
    source.set([route('app.test', flips % 2 ? one.port : two.port)]);
    await until(() => source.loads > loads);
    await ask(gateway.url);
  }
  await clients;
  t.ok(seen.one > 0 && seen.two > 0, JSON.stringify(seen));
  await until(() => one.server.listening && two.server.listening);
  const metrics = await ask(`${gateway.adminUrl}/metrics`);
  t.match(metrics.body, /pierhead_gateway_upstream_pools\{.*\} 1/, 'the pool of the other release is gone');
});

t.test('a release of files is served from storage', async (t) => {
  const folder = t.testdir({ tree: { 'index.html': '<h1>files</h1>' }, storage: {} });
  const storage = createFolderStorage(join(folder, 'storage'), { findUpload: async () => null });
  const { digest } = await storage.putTree(join(folder, 'tree'));
  const rules = { index: 'index.html', cleanUrls: true, cacheControl: 'no-cache', headers: [], redirects: [] };
  const site: Route = { ...route('site.test'), upstreams: [{ kind: 'files', digest, rules }] };
  const gateway = await gatewayFor(t, new MemoryRoutes([site]), {}, storage);
  t.match(await ask(gateway.url, { headers: { host: 'site.test' } }), { status: 200, body: '<h1>files</h1>' });
  t.match(await ask(gateway.url, { path: '/none', headers: { host: 'site.test' } }), { status: 404 });
  t.match(await ask(gateway.url, { method: 'POST', body: 'x', headers: { host: 'site.test' } }), { status: 405 });
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket' };
  t.match(await ask(gateway.url, { headers: { host: 'site.test', ...upgrade } }), { status: 400, body: /files/ });
});
