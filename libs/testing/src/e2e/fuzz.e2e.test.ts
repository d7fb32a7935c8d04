import { randomBytes } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import postgres from 'postgres';
import t from 'tap';
import { Pool } from 'undici';
import type { ApiDriver } from '../api-driver.js';
import type { OpenApi } from '../fuzz/open-api.js';
import { type FuzzedRequest, type Known, requestsOf } from '../fuzz/requests-of.js';
import { testStack } from '../stack.js';
import { createSite, freshName } from './scenarios.js';

/** 100,000 take some minutes. */
const requests = Number(process.env.PIERHEAD_FUZZ_REQUESTS ?? 6_000);
const batch = 32;
const limitMs = 20_000;
const canary = '/tmp/pierhead-canary';
const planted = `planted-${randomBytes(12).toString('hex')}`;

t.setTimeout(3_600_000);

t.test('whatever is sent to the API is answered, and never with a fault of its own', async (t) => {
  const stack = await testStack(t, { workers: 0 });
  const { api } = stack;
  const document = (await api.get('/openapi.json')).body as OpenApi;
  const pool = new Pool(api.url, { connections: batch, bodyTimeout: limitMs, headersTimeout: limitMs });
  t.teardown(() => pool.destroy());
  const known = await populate(stack);
  const seen = new Map<string, number>();
  const send = async (request: FuzzedRequest) => {
    const { method, path, body = null } = request;
    const headers = { ...request.headers, authorization: `Bearer ${api.token}` };
    const answer = await pool.request({ method: method as 'GET', path, headers, body });
    const type = String(answer.headers['content-type'] ?? '');
    // A stream goes on for as long as its deployment does.
    if (type.startsWith('text/event-stream')) answer.body.on('error', () => {}).destroy();
    else if ((await answer.body.text()).includes(planted)) throw new Error(`told a secret: ${method} ${path}`);
    seen.set(`${request.operationId} ${Math.trunc(answer.statusCode / 100)}xx`, 1);
    const isProblem = answer.statusCode < 400 || type.startsWith('application/problem+json');
    if (answer.statusCode >= 500 || !isProblem)
      throw new Error(`${answer.statusCode} ${type}: ${JSON.stringify(request).slice(0, 3_000)}`);
  };
  const sample = requestsOf(withoutReload(document), known);
  const round = (runs: number) =>
    fc.assert(
      fc.asyncProperty(fc.array(sample, { minLength: batch, maxLength: batch }), async (all) => {
        await Promise.all(all.map(send));
      }),
      // What was sent before has changed what is there: a shorter failure would be another one.
      { numRuns: Math.ceil(runs / batch), endOnFailure: true },
    );
  await round(requests / 3);
  const before = await heapOf(api);
  await round((requests * 2) / 3);
  const after = await heapOf(api);
  t.ok(after < before * 1.5 + 20e6, `from ${Math.round(before / 1e6)} to ${Math.round(after / 1e6)} MB of heap`);
  const succeeded = [...seen.keys()].filter((each) => each.endsWith('2xx')).length;
  t.ok(succeeded > 20, `${succeeded} operations were got to do something`);
  await t.rejects(access(canary), 'nothing was executed');
  t.equal((await api.get('/ready')).status, 200);
  if (stack.inside) t.same(await placesOfSecret(stack.inside), [], 'and nothing was written down that is secret');
});

/** Where the planted secret stands in the clear: tables of the database, the log of all processes. */
async function placesOfSecret({ databaseUrl, dataDir }: { databaseUrl: string; dataDir: string }): Promise<string[]> {
  const sql = postgres(databaseUrl, { max: 1 });
  try {
    const tables = await sql<{ schema: string; name: string }[]>`
      select table_schema as schema, table_name as name from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;
    const places = [];
    for (const { schema, name } of tables) {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from ${sql(schema)}.${sql(name)} t where t::text like ${`%${planted}%`}`;
      if (row!.count > 0) places.push(`${schema}.${name}`);
    }
    const log = await readFile(join(dataDir, 'stack.log'), 'utf8');
    return log.includes(planted) ? [...places, 'the log'] : places;
  } finally {
    await sql.end();
  }
}

/** Plugins are read anew in a process of their own: too slow for thousands of times. */
function withoutReload(document: OpenApi): OpenApi {
  const { '/plugins/reload': _, ...paths } = document.paths;
  return { ...document, paths };
}

async function populate(stack: Awaited<ReturnType<typeof testStack>>): Promise<Known> {
  const { api } = stack;
  const service = await createSite(stack, freshName('fuzzed'), { 'index.html': 'x' });
  const key = { secret: true, value: planted };
  await api.patch(`/services/${service.id}`, { variables: { KEY: key } });
  const { body: whole } = await api.get(`/services/${service.id}`);
  const deployment = (await api.post(`/services/${service.id}/deployments`, {})).body;
  const project = (await api.post('/projects', { name: freshName('fuzzed') })).body;
  const token = (await api.post('/tokens', { name: freshName('fuzzed'), scopes: ['read'] })).body;
  const { name, providerId, builderId, providerConfig, builderConfig } = whole;
  const input = { name, providerId, builderId, providerConfig, builderConfig, variables: { OPEN: 'value', KEY: key } };
  const change = {
    delivery: { keepReleases: 3 },
    hostnames: ['a.example.org'],
    variables: { KEY: key },
  };
  return {
    ids: {
      services: [service.id],
      deployments: [deployment.id],
      projects: [project.id],
      tokens: [token.id],
      providers: ['git', 'upload', 'image'],
      builders: ['dockerfile', 'static'],
      runtimes: ['docker', 'files'],
    },
    bodies: {
      createService: input,
      changeService: change,
      createProject: { name: 'another' },
      createToken: { name: 'another', scopes: ['read'], expiresAt: '2999-01-01T00:00:00Z', projects: [project.id] },
      deployService: { environment: 'preview', force: true },
      runCommand: { command: ['node', '-e', '1'], timeoutSeconds: 5 },
      validateProviderConfig: { config: { url: 'https://git.example.com/a/b.git', token: 'x' } },
      validateBuilderConfig: { config: { buildArgs: { A: 'b' } } },
      validateRuntimeConfig: { config: { port: 3000 } },
    },
  };
}

/** The heap of the api's process, as it tells itself. */
async function heapOf(api: ApiDriver): Promise<number> {
  const text = (await api.get('/metrics')).body as string;
  return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1]);
}
