import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from './load.js';
import { interleave, type Table } from './measure.js';
import { asApi, type Server, startBare, startCatalog } from './processes.js';
import type { Product } from './product.js';

const requests = 8_000;
const rounds = 15;
const paths = ['/providers', '/builders/dockerfile/schema'];

/** What the catalog and the api answer ready-made, beside a bare Fastify route that sends the same bytes; each a process. */
export async function benchRequests(product: Product): Promise<Table[]> {
  const headers = { authorization: `Bearer ${product.api.token}` };
  const tables: Table[] = [];
  for (const path of paths)
    tables.push(
      await besideBare(path, startCatalog, [
        { name: 'api (through the catalog)', run: () => load(`${product.api.url}${path}`, headers, requests) },
      ]),
    );
  return tables;
}

/**
 * One path of a catalog, beside a bare route of the same bytes. Each round has processes of its own: two of the same
 * program differ by a fifth for as long as they live.
 */
export async function besideBare(
  path: string,
  start: () => Promise<Server>,
  others: { name: string; run(): Promise<number> }[] = [],
): Promise<Table> {
  const bytes = await during(start, async ({ url }) =>
    Buffer.from(await (await fetch(url + path, { headers: asApi })).arrayBuffer()),
  );
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-bench-requests-'));
  const file = join(folder, 'bytes');
  await writeFile(file, bytes);
  const title = `GET ${path}, ${bytes.length} bytes, ${requests} requests`;
  const warmed = async ({ url }: Server) => {
    await load(url + path, asApi, requests);
    return load(url + path, asApi, requests);
  };
  try {
    const contenders = [
      { name: 'bare Fastify route', run: () => during(() => startBare(file), warmed) },
      { name: 'catalog', run: () => during(start, warmed) },
      ...others,
    ];
    return await interleave(title, 'ms', contenders, rounds, 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function during<T>(start: () => Promise<Server>, work: (server: Server) => Promise<T>): Promise<T> {
  const server = await start();
  return work(server).finally(() => server.stop());
}
