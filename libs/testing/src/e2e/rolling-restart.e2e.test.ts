import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@pierhead/embedded-postgres';
import type { Deployment } from '@pierhead/model';
import t, { type Test } from 'tap';
import { createApiDriver } from '../api-driver.js';
import { testDatabase } from '../postgres.js';
import { stackIsGiven } from '../stack.js';
import { until } from '../until.js';
import { createSite, freshName } from './scenarios.js';

t.setTimeout(300_000);
const given = stackIsGiven() && 'the topology is not the test\u2019s own';
const services = fileURLToPath(new URL('../../../../services', import.meta.url));
const [clients, rounds, readyLookMs] = [4, 2, 50];

/** One process of a role, which can be started anew in its place. */
interface Instance {
  port: number;
  /** Where it says whether it is ready. */
  health: number;
  restart(): Promise<void>;
}

/** Two processes of each role over one database; a connection to the catalog goes to whichever of the two listens. */
async function startPairs(t: Test) {
  const { url: databaseUrl } = await testDatabase(t);
  const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-rolling-'));
  const log = await open(join(dataDir, 'log'), 'a');
  const token = randomBytes(32).toString('base64url');
  const catalogPorts = [await freePort(), await freePort()];
  const env = {
    PATH: process.env.PATH,
    HOME: dataDir,
    DATABASE_URL: databaseUrl,
    PIERHEAD_DATA_DIR: dataDir,
    PIERHEAD_CATALOG_URL: await forwardTo(t, catalogPorts),
    PIERHEAD_RATE_LIMIT: '0',
    PIERHEAD_CATALOG_TOKEN: randomBytes(32).toString('base64url'),
    PIERHEAD_SECRET_KEY: randomBytes(32).toString('base64'),
    PIERHEAD_ADMIN_TOKEN: token,
    PIERHEAD_MIN_FREE_MEMORY: '0',
    PIERHEAD_MIN_FREE_DISK: '0',
    LOG_LEVEL: 'warn',
  };
  const running = new Set<ChildProcess>();
  t.teardown(async () => {
    await Promise.all([...running].map(stop));
    await log.close();
    if (!t.passing()) t.comment((await readFile(join(dataDir, 'log'), 'utf8')).slice(-10_000));
    await rm(dataDir, { recursive: true, force: true });
  });
  const launch = async (role: string, ports: Record<string, number>, health: number): Promise<ChildProcess> => {
    const variables = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
    const child = spawn(process.execPath, [join(services, role, 'dist', 'main.js')], {
      env: { ...env, ...variables },
      stdio: ['ignore', log.fd, log.fd],
    });
    running.add(child);
    await until(
      `${role} is ready`,
      async () => (await fetch(`http://127.0.0.1:${health}/ready`).catch(() => null))?.ok ?? false,
    );
    return child;
  };
  const start = async (role: string, ports: Record<string, number>): Promise<Instance> => {
    const [port, health] = [Object.values(ports)[0]!, Object.values(ports).at(-1)!];
    let child = await launch(role, ports, health);
    const restart = async () => {
      const code = await stop(child);
      running.delete(child);
      t.equal(code, 0, `${role} ended in order`);
      child = await launch(role, ports, health);
    };
    return { port, health, restart };
  };
  const pair = async (role: string, ...names: string[]): Promise<Instance[]> => {
    const ports = async () =>
      Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()])));
    return [await start(role, await ports()), await start(role, await ports())];
  };

  const catalog = [];
  for (const port of catalogPorts) catalog.push(await start('catalog', { PIERHEAD_CATALOG_PORT: port }));
  return {
    token,
    catalog,
    api: await pair('api', 'PIERHEAD_API_PORT'),
    worker: await pair('worker', 'PIERHEAD_WORKER_PORT'),
    gateway: await pair('gateway', 'PIERHEAD_GATEWAY_PORT', 'PIERHEAD_GATEWAY_ADMIN_PORT'),
  };
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  return (await exited)[0];
}

/** Takes connections on a port of its own to the first of the others that accepts them. */
async function forwardTo(t: Test, ports: readonly number[]): Promise<string> {
  const server = createServer((client) => {
    const dial = ([port, ...others]: readonly number[]) => {
      if (port === undefined) return client.destroy();
      const upstream = connect(port, '127.0.0.1');
      upstream.once('connect', () => {
        client.pipe(upstream).pipe(client);
        client.once('close', () => upstream.destroy());
        upstream.once('close', () => client.destroy());
      });
      upstream.on('error', () => (upstream.bytesWritten === 0 && upstream.pending ? dial(others) : client.destroy()));
    };
    client.on('error', () => client.destroy());
    dial(ports);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

interface Wanted {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** One request on a kept connection; only one that was refused, and so never sent, goes to the next port. */
function send(
  agent: Agent,
  [port, ...others]: readonly number[],
  wanted: Wanted,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { body, ...options } = wanted;
    const sent = request({ host: '127.0.0.1', port, agent, ...options }, async (response) => {
      const chunks = await response.toArray().catch(reject);
      if (chunks) resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && others.length > 0) resolve(send(agent, others, wanted));
      else reject(error);
    });
    sent.end(body);
  });
}

/** Follows, as a balancer does, which instances say that they are ready; answers the ports to try, those first. */
function watchReady(instances: readonly Instance[], over: () => boolean): () => number[] {
  const ready = new Set(instances);
  const look = async (instance: Instance) => {
    while (!over()) {
      const answer = await fetch(`http://127.0.0.1:${instance.health}/ready`).catch(() => null);
      if (answer?.ok) ready.add(instance);
      else ready.delete(instance);
      await delay(readyLookMs);
    }
  };
  for (const instance of instances) void look(instance);
  return () => instances.toSorted((a, b) => Number(ready.has(b)) - Number(ready.has(a))).map(({ port }) => port);
}

/** Requests from several clients, each with kept connections, to whichever instance is ready, until it is told to end. */
function startLoad(instances: readonly Instance[], next: () => Wanted) {
  const [lost, answers]: [string[], string[]] = [[], []];
  let over = false;
  const ports = watchReady(instances, () => over);
  const client = async () => {
    const agent = new Agent({ keepAlive: true });
    while (!over) {
      const wanted = next();
      const answer = await send(agent, ports(), wanted).catch((error: Error) => ({ status: 0, text: String(error) }));
      if (answer.status >= 200 && answer.status < 300) answers.push(answer.text);
      else lost.push(`${wanted.method} ${wanted.path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    agent.destroy();
  };
  const running = Array.from({ length: clients }, client);
  return {
    lost,
    answers,
    async end() {
      over = true;
      await Promise.all(running);
    },
  };
}

t.test('no request and no deployment is lost while each role is started anew', { skip: given }, async (t) => {
  const { token, api, catalog, worker, gateway } = await startPairs(t);
  const driver = createApiDriver(`http://127.0.0.1:${api[0]?.port}`, token);
  const stack = { api: driver } as Parameters<typeof createSite>[0];
  const name = freshName('rolling');
  const site = await createSite(stack, name, { 'index.html': 'still here' });
  t.match(await driver.deploy(site.id), { status: 'succeeded' });

  const json = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const validate = () => ({ method: 'POST', path: '/builders/static/validate', headers: json, body: '{"config":{}}' });
  const list = () => ({ method: 'GET', path: '/services', headers: { authorization: json.authorization } });
  const visit = () => ({ method: 'GET', path: '/', headers: { host: `${name}.localhost` } });
  let asked = 0;
  const both = () => (asked++ % 2 === 0 ? validate() : list());

  const cases: [string, Instance[], Instance[], () => Wanted][] = [
    ['gateway', gateway, gateway, visit],
    ['api', api, api, both],
    ['catalog', catalog, api, validate],
  ];
  for (const [role, restarted, asks, next] of cases)
    await t.test(role, async (t) => {
      const load = startLoad(asks, next);
      for (let round = 0; round < rounds; round++)
        for (const instance of restarted) {
          const before = load.answers.length;
          await until('requests flow', async () => load.answers.length > before + 10 || load.lost.length > 0);
          await instance.restart();
        }
      await load.end();
      t.same(load.lost, [], `none of ${load.answers.length} was lost`);
    });

  await t.test('worker', async (t) => {
    const sites = await Promise.all(
      Array.from({ length: 4 }, () => createSite(stack, freshName('moved'), { 'index.html': 'moved' })),
    );
    const policy = { delivery: { queuePolicy: 'queue-all' } };
    for (const { id } of sites) t.match(await driver.patch(`/services/${id}`, policy), { status: 200 });
    const accepted: string[] = [];
    const deployAll = async () => {
      for (const { id } of sites) accepted.push((await driver.post(`/services/${id}/deployments`, {})).body.id);
    };
    for (const instance of worker) {
      await deployAll();
      await instance.restart();
    }
    await deployAll();
    const ended: Deployment[] = [];
    for (const id of accepted) ended.push(await driver.follow(id));
    t.same(
      ended.filter(({ status }) => status !== 'succeeded'),
      [],
      `all of ${accepted.length} succeeded`,
    );
  });
});
