import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@pierhead/embedded-postgres';
import postgres from 'postgres';
import { type ApiDriver, createApiDriver } from '../api-driver.js';
import { packTarGz } from '../pack-archive.js';

/** Pierhead as `npm start` runs it, on ports and a data folder of its own. */
export interface Product {
  api: ApiDriver;
  gatewayUrl: string;
  /** Milliseconds from the start of the process to its word that it is ready. */
  readyMs: number;
  /** The memory of every process, the database included, in MiB; shared pages are counted once. */
  memory(): Promise<{ name: string; mib: number }[]>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('../../../../services/standalone/dist/main.js', import.meta.url));

/**
 * @param kept a data folder that the product leaves behind; without it, one that goes with the product
 * @param more further environment variables
 */
export async function startProduct(kept?: string, more: Record<string, string> = {}): Promise<Product> {
  const dataDir = kept ?? mkdtempSync(join(tmpdir(), 'pierhead-bench-'));
  const [apiPort, catalogPort, gatewayPort] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...process.env,
    PIERHEAD_DATA_DIR: dataDir,
    PIERHEAD_API_PORT: String(apiPort),
    PIERHEAD_CATALOG_PORT: String(catalogPort),
    PIERHEAD_GATEWAY_PORT: String(gatewayPort),
    PIERHEAD_SAMPLE: 'off',
    PIERHEAD_RATE_LIMIT: '0',
    LOG_LEVEL: 'warn',
    ...more,
  };
  const started = performance.now();
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGTERM'));
  await ready(child);
  const readyMs = performance.now() - started;
  const token = readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
  return {
    api: createApiDriver(`http://127.0.0.1:${apiPort}`, token),
    gatewayUrl: `http://127.0.0.1:${gatewayPort}`,
    readyMs,
    memory: () => memoryOf(child.pid!, dataDir),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      if (!kept) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A service with a page of one line; answers its id. */
export async function createSite({ api }: Product): Promise<string> {
  const { body: upload } = await api.upload(packTarGz([{ name: 'index.html', body: 'hello' }]), 'application/gzip');
  const providerConfig = { uploadId: upload.id };
  const site = { name: 'bench-site', providerId: 'static', builderId: 'static', providerConfig, builderConfig: {} };
  return (await api.post('/services', site)).body.id;
}

/** An empty database of a server, by its name; answers its URL. */
export async function createDatabase(server: string, name: string): Promise<string> {
  const sql = postgres(server, { max: 1, onnotice: () => {} });
  await sql.unsafe(`create database ${name}`).finally(() => sql.end());
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

async function ready(child: ChildProcess): Promise<void> {
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    if (String(chunk).includes('ready')) return void child.stdout!.resume();
  }
  throw new Error('the product ended before it was ready');
}

interface Process {
  pid: number;
  parent: number;
  command: string;
}

/** The supervisor and all below it, and the database by its data folder: it outlives a killed supervisor, so it is no child. */
async function memoryOf(supervisor: number, dataDir: string): Promise<{ name: string; mib: number }[]> {
  const all = await processes();
  const roots = all.filter((each) => each.pid === supervisor || each.command.includes(dataDir)).map((each) => each.pid);
  const family = new Set(roots);
  for (let size = -1; size !== family.size; ) {
    size = family.size;
    for (const each of all) if (family.has(each.parent)) family.add(each.pid);
  }
  const own = all.filter((each) => family.has(each.pid));
  return Promise.all(
    own.map(async ({ pid, command }) => ({
      name: command.replaceAll('\0', ' ').slice(0, 120),
      mib: await proportionalMib(pid),
    })),
  );
}

async function processes(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const read = await Promise.all(
    pids.map(async (pid) => {
      const [stat, command] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8'),
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
      ]).catch(() => ['', '']);
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { pid: Number(pid), parent: Number(fields[1]), command: command ?? '' };
    }),
  );
  return read.filter((each) => each.command !== '');
}

/** Proportional set size: a page that n processes share counts as 1/n in each. */
async function proportionalMib(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}
