import t from 'tap';
import { ask, gatewayFor, logger, MemoryRoutes, route, until, upstreamFor } from './fixtures/gateway-fixture.js';
import { RouteTable } from './route-table.js';

const tableFor = (source: MemoryRoutes, times = {}) =>
  new RouteTable({ source, logger, onLoad: () => {}, check: async () => null, draining: () => [], ...times });

t.test('a notification brings the new routes and acknowledges their version', async (t) => {
  const source = new MemoryRoutes([route('one.test', 1)]);
  const table = tableFor(source);
  await table.start();
  t.same(source.acknowledged, [1]);
  source.set([route('two.test', 2)]);
  await until(() => source.acknowledged.length === 2);
  t.equal(table.lookup('one.test'), null);
  t.equal(table.lookup('two.test')?.hostname, 'two.test');
  t.same(source.acknowledged, [1, 2]);
  await table.close();
  t.equal(source.left, true);
});

t.test('a burst of notifications costs one reading beyond the one under way', async (t) => {
  const source = new MemoryRoutes();
  const table = tableFor(source);
  await table.start();
  for (let count = 0; count < 100; count += 1) source.notify();
  await table.reload();
  t.ok(source.loads <= 3, `${source.loads} loads`);
  await table.close();
});

t.test('the last known routes serve while the source fails, and new ones once it is back', async (t) => {
  const upstream = await upstreamFor(t);
  const source = new MemoryRoutes([route('app.test', upstream.port)]);
  const gateway = await gatewayFor(t, source);
  source.failing = new Error('connection lost');
  source.set([]);
  await until(() => source.loads === 2);
  t.match(await ask(gateway.url), { status: 200, body: 'ok' });
  source.failing = null;
  source.notify();
  await until(() => source.loads === 3);
  t.match(await ask(gateway.url), { status: 404 });
});

t.test('routes are read again from time to time without a notification', async (t) => {
  const source = new MemoryRoutes();
  const table = tableFor(source, { reloadIntervalMs: 20 });
  await table.start();
  source.routes = [route('late.test', 1)];
  await until(() => table.lookup('late.test') !== null);
  t.equal(table.size, 1);
  await table.close();
});

t.test('a gateway whose source is away starts, says so with 503, and serves once the source is there', async (t) => {
  const upstream = await upstreamFor(t);
  const source = new MemoryRoutes([route('app.test', upstream.port)]);
  source.failing = new Error('no database');
  const gateway = await gatewayFor(t, source);
  t.match(await ask(gateway.url), { status: 503, headers: { 'retry-after': '2' }, body: /routes_not_loaded/ });
  t.match(await ask(`${gateway.adminUrl}/ready`), { status: 503 });
  t.match(await ask(`${gateway.adminUrl}/health`), { status: 200 });
  source.failing = null;
  await until(() => source.acknowledged.length > 0);
  t.match(await ask(gateway.url), { status: 200 });
  t.match(await ask(`${gateway.adminUrl}/ready`), { status: 200 });
});

t.test('a subscription that failed is tried again', async (t) => {
  const source = new MemoryRoutes();
  source.failing = new Error('no database');
  const table = tableFor(source, { reloadIntervalMs: 20, retryIntervalMs: 20 });
  await table.start();
  source.failing = null;
  await until(() => table.loaded);
  const loads = source.loads;
  await until(() => source.loads > loads);
  t.equal(table.loaded, true);
  await table.close();
});

t.test('a source that never answers does not stop the next attempt', async (t) => {
  const source = new MemoryRoutes();
  const answered = source.load.bind(source);
  source.load = () => new Promise(() => {});
  const table = tableFor(source, { timeoutMs: 20 });
  await table.start();
  t.equal(table.loaded, false);
  source.load = answered;
  await table.reload();
  t.equal(table.loaded, true);
  await table.close();
});
