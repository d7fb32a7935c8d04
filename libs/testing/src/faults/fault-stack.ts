import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, type Database } from '@pierhead/database';
import { type EmbeddedPostgres, freePort, startEmbeddedPostgres } from '@pierhead/embedded-postgres';
import type { Test } from 'tap';
import { type ApiDriver, createApiDriver } from '../api-driver.js';
import { testDockerHost } from '../docker.js';
import { createGates, type Gates } from './gates.js';
import { recordHistory } from './history.js';
import { wait } from './patience.js';
import { Program } from './program.js';

/** Every role as a process of its own, on a database and a queue of the test's own, each to be killed and started again. */
export interface FaultStack {
  api: ApiDriver;
  gatewayUrl: string;
  /** Holds everything of this stack, its data folder too. */
  dir: string;
  dataDir: string;
  databaseUrl: string;
  redisUrl: string | undefined;
  dockerHost: string;
  sql: Database['sql'];
  gates: Gates;
  catalog: Program;
  apis: Program[];
  gateway: Program;
  redis: Program | null;
  /** Those that were started and not let go of. */
  workers: WorkerProgram[];
  /** Every process of this stack apart from PostgreSQL. */
  programs: readonly Program[];
  /** One more, ready. */
  startApi(): Promise<{ program: Program; api: ApiDriver }>;
  startWorker(traits?: WorkerTraits): Promise<WorkerProgram>;
  /** Which worker holds a deployment now. */
  ownerOf(deploymentId: string): Promise<WorkerProgram | null>;
  /** Stops PostgreSQL as a crash would. */
  crashPostgres(): Promise<void>;
  /** On the same files and the same port. */
  startPostgres(): Promise<void>;
  restartRole(program: Program): Promise<void>;
}

export interface WorkerProgram {
  id: string;
  program: Program;
}

export interface WorkerTraits {
  slots?: number;
  labels?: string[];
  dataDir?: string;
  dockerHost?: string;
  env?: NodeJS.ProcessEnv;
  /** What the process is started through, such as `faketime`. */
  through?: readonly string[];
}

export interface FaultStackOptions {
  queue?: 'redis' | 'postgres';
  workers?: number;
  slots?: number;
  dockerHost?: string;
  /** Puts the data folder on a file system of its own, of this size; for root alone. */
  dataMebibytes?: number;
  env?: NodeJS.ProcessEnv;
}

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const gatedPlugin = new URL('./gated-plugin/index.js', import.meta.url).href;

export async function startFaultStack(t: Test, options: FaultStackOptions = {}): Promise<FaultStack> {
  const { queue = 'redis', workers: crew = 2, slots = 4, dockerHost = testDockerHost } = options;
  const dir = await mkdtemp(join(tmpdir(), 'pierhead-faults-'));
  await chmod(dir, 0o711);
  const dataDir = join(dir, 'data');
  const logs = join(dir, 'logs');
  for (const folder of [dataDir, logs]) await mkdir(folder);
  const size = options.dataMebibytes;
  if (size) await run('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', dataDir]);
  await mkdir(join(dataDir, 'running'));
  const programs: Program[] = [];

  const postgresDir = join(dir, 'postgres');
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir: postgresDir });
  const databaseUrl = server.url;
  const databasePort = Number(new URL(databaseUrl).port);
  const { sql } = connect(databaseUrl, { name: 'faults', max: 8 });

  t.teardown(async () => {
    if (!t.passing()) t.comment(`the data folder was ${dataDir}`);
    for (const program of programs) program.thaw();
    await Promise.all(programs.map((program) => program.stop(5_000)));
    await sql.end({ timeout: 1 });
    await server.stop();
    if (size) await run('umount', ['-l', dataDir]);
    if (process.env.PIERHEAD_FAULT_KEEP === undefined) await rm(dir, { recursive: true, force: true });
  });

  const add = (name: string, command: string, words: readonly string[], env?: NodeJS.ProcessEnv) => {
    const program = new Program({ name, command, words, log: join(logs, `${name}.log`), ...(env ? { env } : {}) });
    programs.push(program);
    return program;
  };

  const redis = queue === 'redis' ? await startRedisProgram(add, join(dir, 'redis')) : null;
  const ports = { catalog: await freePort(), gateway: await freePort(), gatewayAdmin: await freePort() };
  const token = randomBytes(32).toString('base64url');
  const common: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: dir,
    DOCKER_HOST: dockerHost,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis?.url,
    PIERHEAD_DATA_DIR: dataDir,
    PIERHEAD_CATALOG_PORT: String(ports.catalog),
    PIERHEAD_CATALOG_URL: `http://127.0.0.1:${ports.catalog}`,
    PIERHEAD_GATEWAY_PORT: String(ports.gateway),
    PIERHEAD_GATEWAY_ADMIN_PORT: String(ports.gatewayAdmin),
    PIERHEAD_RATE_LIMIT: '0',
    PIERHEAD_CATALOG_TOKEN: randomBytes(32).toString('base64url'),
    PIERHEAD_SECRET_KEY: randomBytes(32).toString('base64'),
    PIERHEAD_ADMIN_TOKEN: token,
    PIERHEAD_EGRESS_ALLOW: '127.0.0.0/8',
    PIERHEAD_PLUGINS: await writePlugin(dir),
    LOG_LEVEL: 'warn',
    ...options.env,
  };
  const mainOf = (role: string) => join(root, 'services', role, 'dist', 'main.js');
  const role = (name: string, service: string, env: NodeJS.ProcessEnv = {}, through: readonly string[] = []) => {
    const [command = process.execPath, ...words] = [...through, process.execPath, mainOf(service)];
    return add(name, command, words, { ...common, ...env });
  };
  const addresses = new Map<Program, string>();
  const restartRole = async (program: Program) => {
    program.start();
    await ready(program, addresses.get(program) ?? '');
  };

  const catalog = role('catalog', 'catalog');
  addresses.set(catalog, `http://127.0.0.1:${ports.catalog}/ready`);
  await restartRole(catalog);
  const apis: Program[] = [];
  const startApi = async () => {
    const port = await freePort();
    const program = role(`api-${apis.length + 1}`, 'api', { PIERHEAD_API_PORT: String(port) });
    addresses.set(program, `http://127.0.0.1:${port}/ready`);
    apis.push(program);
    await restartRole(program);
    return { program, api: createApiDriver(`http://127.0.0.1:${port}`, token) };
  };
  const { api } = await startApi();
  const gateway = role('gateway', 'gateway');
  addresses.set(gateway, `http://127.0.0.1:${ports.gatewayAdmin}/ready`);
  await restartRole(gateway);

  const workers: WorkerProgram[] = [];
  let started = 0;
  const startWorker = async (traits: WorkerTraits = {}): Promise<WorkerProgram> => {
    started += 1;
    const mark = `nr=${started}`;
    const env: NodeJS.ProcessEnv = {
      PIERHEAD_WORKER_SLOTS: String(traits.slots ?? slots),
      PIERHEAD_WORKER_LABELS: [mark, ...(traits.labels ?? [])].join(','),
      ...(traits.dataDir ? { PIERHEAD_DATA_DIR: traits.dataDir } : {}),
      ...(traits.dockerHost ? { DOCKER_HOST: traits.dockerHost } : {}),
      ...traits.env,
    };
    const program = role(`worker-${started}`, 'worker', env, traits.through);
    program.start();
    const id = await wait(`${program.name} lives`, async () => {
      if (!program.runs) throw new Error(`${program.name} ended at once:\n${await program.logTail()}`);
      const rows = await sql<{ id: string }[]>`select id from workers where labels ? ${mark}`;
      return rows[0]?.id;
    });
    const worker = { id, program };
    workers.push(worker);
    return worker;
  };
  await recordHistory(sql);
  await Promise.all(Array.from({ length: crew }, () => startWorker()));

  return {
    api,
    gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
    dir,
    dataDir,
    databaseUrl,
    redisUrl: redis?.url,
    dockerHost,
    sql,
    gates: createGates(dataDir),
    programs,
    catalog,
    apis,
    gateway,
    redis: redis?.program ?? null,
    workers,
    startApi,
    startWorker,
    restartRole,
    async ownerOf(deploymentId) {
      const [row] = await sql<{ owner: string | null }[]>`
        select lease_owner as owner from deployments where id = ${deploymentId} and status = 'running'`;
      return workers.find((worker) => worker.id === row?.owner) ?? null;
    },
    async crashPostgres() {
      process.kill(server.pid, 'SIGQUIT');
      await server.ended;
    },
    async startPostgres() {
      server = await startEmbeddedPostgres({ dataDir: postgresDir, port: databasePort });
    },
  };
}

type Add = (name: string, command: string, words: readonly string[], env?: NodeJS.ProcessEnv) => Program;

async function startRedisProgram(add: Add, dir: string): Promise<{ program: Program; url: string }> {
  await mkdir(dir);
  const port = String(await freePort());
  const program = add('redis', 'redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', dir]);
  program.start();
  await wait('Redis is ready', async () => (await readFile(program.options.log, 'utf8')).includes('Ready to accept'));
  return { program, url: `redis://127.0.0.1:${port}` };
}

/** A folder outside of the sources, as an operator has it. */
async function writePlugin(dir: string): Promise<string> {
  const folder = join(dir, 'gated');
  await mkdir(folder);
  const about = { name: 'pierhead-gated', version: '1.0.0', type: 'module', exports: './index.js' };
  await writeFile(join(folder, 'package.json'), JSON.stringify(about));
  await writeFile(join(folder, 'index.js'), `export * from '${gatedPlugin}';\n`);
  return folder;
}

async function ready(program: Program, address: string): Promise<void> {
  await wait(`${program.name} is ready`, async () => {
    if (!program.runs) throw new Error(`${program.name} ended at once:\n${await program.logTail()}`);
    const answer = await fetch(address, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    return answer?.ok;
  });
}
