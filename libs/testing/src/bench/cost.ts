import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@pierhead/embedded-postgres';
import postgres from 'postgres';
import { fillDeployments } from '../fill-deployments.js';
import { type Counted, countQueries } from './count-queries.js';
import { type Table, tableOf } from './measure.js';
import { createDatabase, createSite, type Product, startProduct } from './product.js';

const sizes = [100, 1_000_000];
const rounds = 25;
const warmups = 5;

interface Cost {
  queries: number;
  outsideMs: number;
  listMs: number;
}

interface Filled {
  name: string;
  /** The cost of one deployment. */
  run(): Promise<Cost>;
  stop(): Promise<void>;
}

/** What a deployment costs beyond its stages, with few and with many deployments stored. */
export async function benchCost(): Promise<Table[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-bench-cost-'));
  const server = await startEmbeddedPostgres({ dataDir });
  const products: Filled[] = [];
  try {
    for (const size of sizes) products.push(await startFilled(server.url, size));
    const costs = products.map(() => [] as Cost[]);
    for (let round = -warmups; round < rounds; round += 1) {
      for (const [index, product] of products.entries()) {
        const cost = await product.run();
        if (round >= 0) costs[index]!.push(cost);
      }
      process.stderr.write('.');
    }
    process.stderr.write('\n');
    const table = (title: string, unit: string, of: (cost: Cost) => number) =>
      tableOf(
        title,
        unit,
        products.map(({ name }, index) => ({ name, figures: costs[index]!.map(of) })),
      );
    return [
      table('Queries of a deployment of a static site, all processes together', 'queries', ({ queries }) => queries),
      table(
        'A deployment outside of its stages: from created to finished, less the stages',
        'ms',
        (cost) => cost.outsideMs,
      ),
      table('The first page of all deployments', 'ms', ({ listMs }) => listMs),
    ];
  } finally {
    for (const product of products) await product.stop();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** A product on a database of its own that remembers `size` deployments. */
async function startFilled(cluster: string, size: number): Promise<Filled> {
  const url = await createDatabase(cluster, `filled_${size}`);
  const counted = await countQueries(url);
  const product = await startProduct(undefined, { DATABASE_URL: counted.url });
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await fillDeployments(sql, { deployments: size, services: Math.min(50, size / 10) }).finally(() => sql.end());
  const serviceId = await createSite(product);
  return {
    name: `${size.toLocaleString('en')} stored`,
    run: () => deploy(product, serviceId, counted),
    async stop() {
      await product.stop();
      counted.close();
    },
  };
}

async function deploy({ api }: Product, serviceId: string, counted: Counted): Promise<Cost> {
  const before = counted.count();
  const { id } = (await api.post(`/services/${serviceId}/deployments`, {})).body;
  const ended = await api.follow(id);
  const queries = counted.count() - before;
  if (ended.status !== 'succeeded') throw new Error(JSON.stringify(ended.error));
  const stagesMs = ended.stages.reduce(
    (sum: number, { durationMs }: { durationMs: number | null }) => sum + (durationMs ?? 0),
    0,
  );
  const started = performance.now();
  await api.get('/deployments');
  const listMs = performance.now() - started;
  return { queries, outsideMs: Date.parse(ended.finishedAt ?? '') - Date.parse(ended.createdAt) - stagesMs, listMs };
}
