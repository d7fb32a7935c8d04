import { once } from 'node:events';
import http from 'node:http';
import t, { type Test } from 'tap';
import { ask, deadPort, gatewayFor, MemoryRoutes, route, until, upstreamFor } from './fixtures/gateway-fixture.js';

const look = { path: '/up', statuses: '200', timeoutSeconds: 1 };

/** A gateway whose one release answers `old`. */
async function serving(t: Test) {
  const old = await upstreamFor(t, (_request, response) => response.end('old'));
  const before = route('app.test', old.port);
  const source = new MemoryRoutes([before]);
  const gateway = await gatewayFor(t, source);
  return { gateway, source, before };
}

t.test('a new release gets requests once it has answered, and is told of then', async (t) => {
  const { gateway, source } = await serving(t);
  const port = await deadPort();
  const next = route('app.test', port);
  source.set([next]);
  await until(() => source.acknowledged.includes(2));
  t.same(source.withheld, { [next.deploymentId]: null }, 'it may still come');
  t.match(await ask(gateway.url), { status: 200, body: 'old' });

  const server = http.createServer((_request, response) => response.end('new')).listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  await until(() => Object.keys(source.withheld).length === 0);
  t.match(await ask(gateway.url), { status: 200, body: 'new' });
});

t.test('a release that answers at once is told of with the first acknowledgement', async (t) => {
  const { source } = await serving(t);
  const seen: string[] = [];
  const young = await upstreamFor(t, (request, response) => response.end(seen.push(request.url!) && 'new'));
  source.set([{ ...route('app.test', young.port), look }]);
  await until(() => source.acknowledged.length > 1);
  t.same([source.acknowledged, source.withheld, seen], [[1, 2], {}, ['/up']]);
});

t.test('one that does not answer is refused with the reason, and the one before keeps serving', async (t) => {
  const { gateway, source, before } = await serving(t);
  const next = { ...route('app.test', await deadPort()), look };
  source.set([next]);
  await until(() => source.withheld[next.deploymentId] !== undefined);
  await until(() => source.withheld[next.deploymentId] !== null);
  t.match(source.withheld[next.deploymentId], /^nothing listens on port \d+$/);
  t.match(await ask(gateway.url), { status: 200, body: 'old' });
  source.set([before]);
  await until(() => Object.keys(source.withheld).length === 0);
  t.match(await ask(gateway.url), { status: 200, body: 'old' });
});

t.test('so is one that answers with another status, and one whose files are not there', async (t) => {
  const { source } = await serving(t);
  const broken = await upstreamFor(t, (_request, response) => response.writeHead(500).end());
  const rules = { spaFallback: false, headers: [], redirects: [] } as never;
  const files = { ...route('site.test', 9), upstreams: [{ kind: 'files' as const, digest: 'sha256:1', rules }] };
  const next = { ...route('app.test', broken.port), look };
  source.set([next, files]);
  await until(() => typeof source.withheld[next.deploymentId] === 'string');
  t.match(source.withheld, {
    [next.deploymentId]: 'GET /up answered 500, not 200',
    [files.deploymentId]: 'its files are not in storage',
  });
});

t.test('a storage that fails is a reason, and no more', async (t) => {
  const old = await upstreamFor(t);
  const source = new MemoryRoutes([route('app.test', old.port)]);
  const treePath = () => Promise.reject(new Error('the disk is gone'));
  const gateway = await gatewayFor(t, source, {}, { treePath });
  const rules = { spaFallback: false, headers: [], redirects: [] } as never;
  const next = { ...route('app.test', 9), upstreams: [{ kind: 'files' as const, digest: 'sha256:1', rules }] };
  source.set([next]);
  await until(() => source.withheld[next.deploymentId] === 'the disk is gone');
  t.match(await ask(gateway.url), { status: 200, body: 'ok' });
});

t.test('where nothing served before there is nothing to keep', async (t) => {
  const { gateway, source, before } = await serving(t);
  const other = { ...route('app.test', await deadPort()), serviceId: 'another' };
  source.set([other]);
  await until(() => source.acknowledged.includes(2));
  t.match(await ask(gateway.url), { status: 502 }, 'a release of another service never stands in');
  t.same(source.withheld, { [other.deploymentId]: null });
  source.set([before]);
  await until(() => source.acknowledged.includes(3));
});
