import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient, followMetrics, type ReleaseMetrics, type ServiceMetrics } from '@pierhead/client';
import t from 'tap';
import { dockerMissing, ensureBaseImages, removeTestImages } from '../docker.js';
import { testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { createApp, createSite, freshName, removeService } from './scenarios.js';

t.setTimeout(240_000);

const pierhead = fileURLToPath(new URL('../../../cli/bin/pierhead.js', import.meta.url));
const mebibyte = 1_048_576;

/** An app that holds 64 MiB, computes for a third of the time, and answers with the status that it is asked for. */
const files = {
  Dockerfile: 'FROM node:20-slim\nCOPY server.js .\nCMD ["node", "server.js"]\n',
  'server.js': `const { createServer } = require('node:http');
const held = Buffer.alloc(${64 * mebibyte}, 1);
setInterval(() => { for (const end = Date.now() + 30; Date.now() < end; ); }, 100);
createServer((request, response) => {
  const status = Number(request.url.slice(1)) || 200;
  setTimeout(() => response.writeHead(status).end(String(held[0])), status === 200 ? 0 : 150);
}).listen(process.env.PORT);
process.on('SIGTERM', () => process.exit());
`,
};

t.test('what releases take and answer', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const stack = await testStack(t, { workers: 2 });
  const { api, gatewayUrl } = stack;
  const name = freshName('measured');
  const runtimeConfig = { replicas: 2, resources: { memoryBytes: 256 * mebibyte } };
  const service = await createApp(stack, name, files, { runtimeConfig });
  t.teardown(() => removeService(stack, service.id));
  const path = `/services/${service.id}/metrics`;
  const read = async (query = '') => (await api.get(path + query)).body as ServiceMetrics;
  const ask = (status: number) => visit(gatewayUrl, `${name}.localhost`, `/${status}`);
  const first = await api.deploy(service.id);
  t.teardown(() => removeTestImages([first.artifact!.digest]));
  const sent = { 200: 30, 301: 2, 404: 5, 503: 3 };
  for (const [status, count] of Object.entries(sent))
    for (let request = 0; request < count; request += 1) await ask(Number(status));

  await t.test('arrives within seconds, every request once', async (t) => {
    let release: ReleaseMetrics | undefined;
    const total = (pick: (point: ReleaseMetrics['points'][number]) => number) =>
      (release?.points ?? []).reduce((sum, point) => sum + pick(point), 0);
    await until('all of it is there', async () => {
      [release] = (await read('?stepSeconds=10')).releases;
      return total(({ requests }) => requests) === 40 && (release?.points.some((point) => point.cpuCores) ?? false);
    });
    t.match(release, { deploymentId: first.id, number: 1, live: true });
    const responses = (status: '2xx' | '3xx' | '4xx' | '5xx') => total((point) => point.responses[status]);
    t.same([responses('2xx'), responses('3xx'), responses('4xx'), responses('5xx')], [30, 2, 5, 3]);
    const measured = release!.points.findLast(({ cpuCores }) => cpuCores !== null)!;
    t.match(measured, { replicas: 2, restarts: 0, memoryLimitBytes: 512 * mebibyte });
    t.ok(measured.cpuCores! > 0.1 && measured.cpuCores! < 1.9, `${measured.cpuCores} cores`);
    t.ok(measured.memoryBytes! > 128 * mebibyte && measured.memoryBytes! < 400 * mebibyte, `${measured.memoryBytes}`);
    t.ok(measured.receivedBytesPerSecond! > 0 && measured.sentBytesPerSecond! > 0);
    const busy = release!.points.filter(({ requests }) => requests > 0);
    t.ok(busy.every(({ p50Ms, p95Ms, p99Ms }) => p50Ms! > 0 && p50Ms! <= p95Ms! && p95Ms! <= p99Ms!));
    t.ok(Math.max(...busy.map(({ p99Ms }) => p99Ms!)) > 120, 'some took their time');
  });

  await t.test('is followed live', async (t) => {
    const client = createClient({ baseUrl: api.url, token: api.token });
    const seen: ServiceMetrics[] = [];
    const requests = new Map<string, number>();
    const signal = AbortSignal.timeout(60_000);
    for await (const metrics of followMetrics(client, service.id, { stepSeconds: 10, signal })) {
      seen.push(metrics);
      if (seen.length === 1) for (let request = 0; request < 7; request += 1) await ask(418);
      // A point takes the place of an earlier one.
      for (const point of metrics.releases[0]!.points) requests.set(point.at, point.requests);
      if ([...requests.values()].reduce((sum, count) => sum + count, 0) === 47) break;
    }
    t.ok(seen.length > 1);
    t.ok(seen[1]!.releases[0]!.points.length <= 2, 'only what is new');
    t.ok(seen.at(-1)!.releases[0]!.latest!.requests >= 7);
  });

  await t.test('is told by the command', async (t) => {
    const env = { ...process.env, PIERHEAD_URL: api.url, PIERHEAD_TOKEN: api.token };
    const { stdout } = await promisify(execFile)(process.execPath, [pierhead, 'metrics', name], { env });
    const [heading, row, ...rest] = stdout.trim().split('\n');
    t.match(heading, /^RELEASE +CPU +MEMORY +RESTARTS +REQUESTS\/S/);
    t.match(row, /^#1 \(live\) +\d\.\d\d +\d+\.\d MiB of 512\.0 MiB +0 +\d/);
    t.same(rest, []);
  });

  await t.test('is there for files, too, which take nothing', async (t) => {
    const site = freshName('counted');
    const { id } = await createSite(stack, site, { 'index.html': 'hello' });
    t.match(await api.deploy(id), { status: 'succeeded' });
    for (const at of ['/', '/', '/nowhere']) await visit(gatewayUrl, `${site}.localhost`, at);
    const counted = async () => ((await api.get(`/services/${id}/metrics`)).body as ServiceMetrics).releases[0];
    await until('they are counted', async () => (await counted())?.points.length === 1);
    t.match(await counted(), {
      points: [{ requests: 3, responses: { '2xx': 2, '4xx': 1 }, cpuCores: null, memoryBytes: null, replicas: null }],
    });
  });
});
