import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@pierhead/embedded-postgres';
import { dockerMissing, ensureBaseImages } from '../docker.js';
import { redisMissing, startRedis } from '../redis.js';
import { benchCost } from './cost.js';
import { benchAgain, benchDocker, benchStatic } from './deploy.js';
import { benchGateway, grow } from './gateway.js';
import { benchIdle } from './idle.js';
import { printed, type Table } from './measure.js';
import { startProduct } from './product.js';
import { benchQueue } from './queue.js';
import { benchRegistries } from './registries.js';
import { benchRequests } from './requests.js';
import { benchSecurity } from './security.js';

/** Services on the books of a machine that has grown. */
const grown = 500;
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const sections = {
  idle: benchIdle,
  requests,
  registries: benchRegistries,
  queue: queues,
  deploy: deployments,
  gateway,
  cost: benchCost,
  security: benchSecurity,
};
type Section = keyof typeof sections;

const wanted = process.argv.slice(2) as Section[];
const unknown = wanted.filter((name) => !(name in sections));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark named ${unknown.join(', ')}; there is ${Object.keys(sections).join(', ')}.\n`,
  );
  process.exit(1);
}

// Whoever interrupts a benchmark does not leave its product running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const tables: Table[] = [];
for (const name of wanted.length > 0 ? wanted : (Object.keys(sections) as Section[])) {
  for (const table of await sections[name]()) {
    tables.push(table);
    process.stdout.write(`${printed(table)}\n`);
  }
}
await mkdir(join(root, 'bench-results'), { recursive: true });
const file = join(root, 'bench-results', 'latest.json');
await writeFile(file, `${JSON.stringify(tables, null, 2)}\n`);
process.stdout.write(`The same as JSON: ${file}\n`);

async function requests(): Promise<Table[]> {
  const product = await startProduct();
  try {
    return await benchRequests(product);
  } finally {
    await product.stop();
  }
}

async function queues(): Promise<Table[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-bench-queue-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  const redis = redisMissing() ? null : await startRedis();
  try {
    const onPostgres = await benchQueue({ name: 'PostgreSQL', databaseUrl: postgres.url });
    if (!redis) return [onPostgres];
    return [onPostgres, await benchQueue({ name: 'Redis', databaseUrl: postgres.url, redisUrl: redis.url })];
  } finally {
    await redis?.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function deployments(): Promise<Table[]> {
  const product = await startProduct();
  try {
    const tables = [await benchStatic(product, await bundledSite())];
    const missing = await dockerMissing();
    if (missing) {
      process.stderr.write(`Without the Docker app: ${missing}.\n`);
      return tables;
    }
    await ensureBaseImages();
    return [...tables, await benchDocker(product), await benchAgain(product)];
  } finally {
    await product.stop();
  }
}

/** The gateway with few services on the books, then with many; the same for deployments. */
async function gateway(): Promise<Table[]> {
  const missing = await dockerMissing();
  if (missing) {
    process.stderr.write(`Without the gateway: ${missing}.\n`);
    return [];
  }
  await ensureBaseImages();
  const product = await startProduct();
  try {
    const alone = await benchGateway(product, '');
    await grow(product, grown);
    const among = await benchGateway(product, `, among ${grown} services`);
    const deployed = await benchDocker(product);
    return [...alone, ...among, { ...deployed, title: `${deployed.title}, among ${grown} services` }];
  } finally {
    await product.stop();
  }
}

async function bundledSite(): Promise<Record<string, string>> {
  const folder = join(root, 'examples', 'site');
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.md'));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')])),
  );
}
