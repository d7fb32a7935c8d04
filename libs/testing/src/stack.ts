import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@pierhead/embedded-postgres';
import type { Test } from 'tap';
import { type ApiDriver, createApiDriver } from './api-driver.js';
import { testDatabase } from './postgres.js';
import { until } from './until.js';

/** A running Pierhead: its API and its gateway. */
export interface Stack {
  api: ApiDriver;
  gatewayUrl: string;
  baseDomain: string;
  /** Where it keeps everything, and all that its processes wrote; null for a topology that is given. */
  inside: { databaseUrl: string; dataDir: string } | null;
  /** Starts one more worker, which takes deployments once this resolves. It ends with the test, or before. */
  startWorker(traits?: WorkerTraits): Promise<{ stop(): Promise<void> }>;
}

export interface WorkerTraits {
  labels?: string[];
  slots?: number;
  dockerHost?: string;
  /** Bytes. */
  minFreeMemory?: number;
}

export interface StackOptions {
  redisUrl?: string;
  workers?: number | WorkerTraits[];
  /** Package names or folders, and the folder that they are looked up from. */
  plugins?: { names: readonly string[]; directory: string };
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The topology named by PIERHEAD_E2E_API_URL, PIERHEAD_E2E_GATEWAY_URL and PIERHEAD_E2E_TOKEN; without
 * them catalog, api, workers and gateway as processes of the test's own, on a database of its own.
 */
export async function testStack(t: Test, options: StackOptions = {}): Promise<Stack> {
  const { PIERHEAD_E2E_API_URL: apiUrl, PIERHEAD_E2E_GATEWAY_URL: gatewayUrl, PIERHEAD_E2E_TOKEN: token } = process.env;
  if (apiUrl && gatewayUrl && token)
    return {
      api: createApiDriver(apiUrl, token),
      gatewayUrl,
      baseDomain: 'localhost',
      inside: null,
      startWorker: noWorkers,
    };
  return startStack(t, options);
}

/** Whether tests run against a topology that is not theirs to change. */
export const stackIsGiven = () => process.env.PIERHEAD_E2E_API_URL !== undefined;

const noWorkers = async () => {
  throw new Error('the topology that the environment names gets no workers from a test');
};

async function startStack(t: Test, { redisUrl, workers = 1, plugins }: StackOptions): Promise<Stack> {
  const { url: databaseUrl } = await testDatabase(t);
  const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-stack-'));
  const inside = { databaseUrl, dataDir };
  const ports = { catalog: await freePort(), api: await freePort(), gateway: await freePort() };
  const token = randomBytes(32).toString('base64url');
  const env = {
    PATH: process.env.PATH,
    HOME: dataDir,
    DOCKER_HOST: process.env.DOCKER_HOST,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    PIERHEAD_DATA_DIR: dataDir,
    PIERHEAD_CATALOG_PORT: String(ports.catalog),
    PIERHEAD_CATALOG_URL: `http://127.0.0.1:${ports.catalog}`,
    PIERHEAD_API_PORT: String(ports.api),
    PIERHEAD_GATEWAY_PORT: String(ports.gateway),
    PIERHEAD_RATE_LIMIT: '0',
    PIERHEAD_CATALOG_TOKEN: randomBytes(32).toString('base64url'),
    PIERHEAD_SECRET_KEY: randomBytes(32).toString('base64'),
    PIERHEAD_ADMIN_TOKEN: token,
    PIERHEAD_EGRESS_ALLOW: '127.0.0.0/8',
    PIERHEAD_PLUGINS: plugins?.names.join(','),
    LOG_LEVEL: 'warn',
  };
  const log = join(dataDir, 'stack.log');
  const children: ChildProcess[] = [];
  t.teardown(async () => {
    await Promise.all(children.reverse().map(stopChild));
    if (!t.passing()) t.comment(readFileSync(log, 'utf8').slice(-20_000));
    await rm(dataDir, { recursive: true, force: true });
  });
  const start = (role: string, more: NodeJS.ProcessEnv = {}) => {
    const child = startRole(role, { ...env, ...more }, log, plugins?.directory);
    children.push(child);
    return child;
  };

  start('catalog');
  start('api');
  await answers(`http://127.0.0.1:${ports.api}/ready`, log);
  start('gateway');
  const api = createApiDriver(`http://127.0.0.1:${ports.api}`, token);
  const count = async () => (await api.get('/workers')).body.length as number;
  const crew = typeof workers === 'number' ? Array.from({ length: workers }, () => ({})) : workers;
  for (const traits of crew) start('worker', variablesOf(traits));
  await until('the workers take deployments', async () => (await count()) === crew.length);
  const startWorker = async (traits: WorkerTraits = {}) => {
    const before = await count();
    const child = start('worker', variablesOf(traits));
    await until('one more worker takes deployments', async () => (await count()) === before + 1);
    return { stop: () => stopChild(child) };
  };
  return { api, gatewayUrl: `http://127.0.0.1:${ports.gateway}`, baseDomain: 'localhost', inside, startWorker };
}

const variablesOf = ({ labels, slots, dockerHost, minFreeMemory }: WorkerTraits): NodeJS.ProcessEnv => ({
  ...(labels ? { PIERHEAD_WORKER_LABELS: labels.join(',') } : {}),
  ...(slots ? { PIERHEAD_WORKER_SLOTS: String(slots) } : {}),
  ...(dockerHost ? { DOCKER_HOST: dockerHost } : {}),
  ...(minFreeMemory ? { PIERHEAD_MIN_FREE_MEMORY: String(minFreeMemory) } : {}),
});

function startRole(role: string, env: NodeJS.ProcessEnv, log: string, cwd?: string): ChildProcess {
  const out = openSync(log, 'a');
  const child = spawn(process.execPath, [join(root, 'services', role, 'dist', 'main.js')], {
    cwd,
    env,
    stdio: ['ignore', out, out],
  });
  return child;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(kill);
}

async function answers(url: string, log: string): Promise<void> {
  const ok = async () => (await fetch(url).catch(() => null))?.ok ?? false;
  await until(`${url} answers`, ok).catch((error: Error) => {
    throw new Error(`${error.message}\n${readFileSync(log, 'utf8').slice(-5_000)}`);
  });
}
