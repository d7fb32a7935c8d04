import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@pierhead/embedded-postgres';
import { until } from '../until.js';
import { type Contender, interleave, type Table } from './measure.js';
import type { Product } from './product.js';

const requests = 2_000;
const connections = 16;

const bareServer = fileURLToPath(new URL('./bare-server.js', import.meta.url));
const catalog = fileURLToPath(new URL('../../../../services/catalog/dist/main.js', import.meta.url));

/** `GET /providers` of the catalog and of the api, beside a bare Fastify route that sends the same bytes; each a process. */
export async function benchRequests(product: Product): Promise<Table> {
  const headers = { authorization: `Bearer ${product.api.token}` };
  const bytes = Buffer.from(await (await fetch(new URL('/providers', product.api.url), { headers })).arrayBuffer());
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-bench-requests-'));
  const file = join(folder, 'bytes');
  await writeFile(file, bytes);
  const [barePort, catalogPort] = [await freePort(), await freePort()];
  const children = [
    spawn(process.execPath, [bareServer, String(barePort), file], { stdio: 'inherit' }),
    spawn(process.execPath, [catalog], {
      stdio: 'inherit',
      env: { ...process.env, PIERHEAD_CATALOG_PORT: String(catalogPort), LOG_LEVEL: 'warn' },
    }),
  ];
  const contenders: Contender[] = [
    { name: 'bare Fastify route', run: () => load(`http://127.0.0.1:${barePort}/providers`, {}) },
    { name: 'catalog', run: () => load(`http://127.0.0.1:${catalogPort}/providers`, {}) },
    { name: 'api (through the catalog)', run: () => load(`${product.api.url}/providers`, headers) },
  ];
  try {
    for (const port of [barePort, catalogPort])
      await until('the servers answer', () => answers(`http://127.0.0.1:${port}/providers`));
    return await interleave(
      `GET /providers, ${bytes.length} bytes, ${requests} requests over ${connections} connections`,
      'ms',
      contenders,
      9,
    );
  } finally {
    await Promise.all(children.map(end));
    await rm(folder, { recursive: true, force: true });
  }
}

const answers = async (url: string) => (await fetch(url).catch(() => null))?.ok ?? false;

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Milliseconds for all requests. */
async function load(url: string, headers: Record<string, string>): Promise<number> {
  let left = requests;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) {
        const response = await fetch(url, { headers });
        if (!response.ok) throw new Error(`${url} answered ${response.status}`);
        await response.arrayBuffer();
      }
    }),
  );
  return performance.now() - started;
}
