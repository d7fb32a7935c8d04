import type { Answered } from '@pierhead/model';
import t, { type Test } from 'tap';
import { ask, gatewayFor, MemoryRoutes, route, until, upstreamFor } from './fixtures/gateway-fixture.js';

/** Routes whose source keeps what it is told, or fails to. */
class CountingRoutes extends MemoryRoutes {
  away = false;
  reports = 0;
  readonly told = new Map<string, Answered>();

  async report(answered: readonly Answered[]) {
    this.reports += 1;
    if (this.away) throw new Error('away');
    for (const each of answered) {
      const known = this.told.get(each.deploymentId) ?? { ...each, requests: 0, responses: [], durations: [] };
      const add = (to: number[], from: number[]) => from.map((count, index) => count + (to[index] ?? 0));
      this.told.set(each.deploymentId, {
        ...known,
        requests: known.requests + each.requests,
        responses: add(known.responses, each.responses),
        durations: add(known.durations, each.durations),
      });
    }
  }
}

async function setUp(t: Test) {
  const upstream = await upstreamFor(t, (request, response) => {
    const [, status, delayMs = '0'] = request.url!.split('/');
    if (status === 'never') return;
    const answer = () => {
      response.writeHead(Number(status)).flushHeaders();
      // The body comes later: it is not waited for.
      setTimeout(() => response.end('done'), status === '201' ? 600 : 0);
    };
    setTimeout(answer, Number(delayMs));
  });
  const source = new CountingRoutes([
    route('app.test', upstream.port),
    { ...route('site.test'), deploymentId: 'site', upstreams: [{ kind: 'files', digest: 'none', rules: {} as never }] },
  ]);
  const gateway = await gatewayFor(t, source);
  const id = `deployment-${upstream.port}`;
  const get = (path: string, host = 'app.test') => ask(new URL(path, gateway.url).href, { headers: { host } });
  const told = () => source.told.get(id);
  return { source, gateway, get, told };
}

const sum = (counts: number[] = []) => counts.reduce((total, each) => total + each, 0);

t.test('each answer is counted by the class of its status and the time until its headers', async (t) => {
  const { source, get, told } = await setUp(t);
  for (const path of ['/200', '/201', '/204', '/301', '/404', '/418', '/503', '/200/300']) await get(path);
  await get('/', 'site.test');
  await get('/', 'nobody.test');
  await until(() => told()?.requests === 8 && source.told.has('site'));
  t.same(told()?.responses, [0, 0, 4, 1, 2, 1]);
  const durations = told()!.durations;
  t.equal(sum(durations), 8);
  // Ranges 18 and 19 reach from 181 to 362 ms and to 512 ms.
  const slow = durations.flatMap((count, range) => (count > 0 && range >= 18 ? [range] : []));
  t.ok(slow.length === 1 && slow[0]! <= 20, `one took 300 ms: ${durations}`);
  t.same(source.told.get('site')?.responses, [0, 0, 0, 0, 0, 1], 'files are counted, too');
  t.equal(source.told.size, 2, 'what has no release has no figures');
});

t.test('a client that leaves before the answer is counted apart, and takes no time', async (t) => {
  const { gateway, told } = await setUp(t);
  await ask(new URL('/never', gateway.url).href, {
    headers: { host: 'app.test' },
    signal: AbortSignal.timeout(200),
  }).catch(() => {});
  await until(() => told()?.requests === 1);
  t.same(told()?.responses, [1, 0, 0, 0, 0, 0]);
  t.equal(sum(told()?.durations), 0);
});

t.test('what could not be reported is reported later, once', async (t) => {
  const { source, get, told } = await setUp(t);
  source.away = true;
  await get('/200');
  await until(() => source.reports > 0);
  await get('/404');
  source.away = false;
  await until(() => told()?.requests === 2);
  t.same(told()?.responses, [0, 0, 1, 0, 1, 0]);
  t.equal(sum(told()?.durations), 2);
});
