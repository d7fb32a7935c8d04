import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from './load.js';
import { interleave, type Table } from './measure.js';
import { type Server, startBare, startCatalog } from './processes.js';
import type { Product } from './product.js';

const requests = 4_000;
const rounds = 9;
const paths = ['/providers', '/builders/dockerfile/schema'];

/** What the catalog and the api answer ready-made, beside a bare Fastify route that sends the same bytes; each a process. */
export async function benchRequests(product: Product): Promise<Table[]> {
  const headers = { authorization: `Bearer ${product.api.token}` };
  const catalog = await startCatalog();
  try {
    const tables: Table[] = [];
    for (const path of paths)
      tables.push(
        await besideBare(path, catalog, [
          { name: 'api (through the catalog)', run: () => load(`${product.api.url}${path}`, headers, requests) },
        ]),
      );
    return tables;
  } finally {
    await catalog.stop();
  }
}

/** One path of a catalog, beside a bare route of the same bytes. */
export async function besideBare(
  path: string,
  catalog: Server,
  others: { name: string; run(): Promise<number> }[] = [],
): Promise<Table> {
  const bytes = Buffer.from(await (await fetch(catalog.url + path)).arrayBuffer());
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-bench-requests-'));
  const file = join(folder, 'bytes');
  await writeFile(file, bytes);
  const bare = await startBare(file);
  const title = `GET ${path}, ${bytes.length} bytes, ${requests} requests`;
  try {
    const contenders = [
      { name: 'bare Fastify route', run: () => load(bare.url + path, {}, requests) },
      { name: 'catalog', run: () => load(catalog.url + path, {}, requests) },
      ...others,
    ];
    return await interleave(title, 'ms', contenders, rounds);
  } finally {
    await bare.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
