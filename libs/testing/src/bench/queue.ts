import { createQueue, createQueueWorker } from '@pierhead/queue';
import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { type Contender, interleave, median, type Table } from './measure.js';
import { createDatabase, createSite, startProduct } from './product.js';

const jobs = 50;

interface Store {
  name: string;
  redisUrl?: string;
  databaseUrl: string;
}

/**
 * Time from adding a job to its processor's first line: bare BullMQ, and Pierhead's queue on the same store. Beside them
 * what the whole product takes from the look for deployments to dispatch to a worker's claim of one, by the database's
 * clock.
 */
export async function benchQueue(store: Store): Promise<Table> {
  const opened = [await bareQueue(store), await pierheadQueue(store), await pierheadDispatch(store)];
  try {
    return await interleave(
      `From the queue to a worker on ${store.name}, median of ${jobs} jobs one by one`,
      'ms',
      opened.map(({ contender }) => contender),
      9,
    );
  } finally {
    for (const { close } of opened) await close();
  }
}

interface Opened {
  contender: Contender;
  close(): Promise<void>;
}

/** The median of all jobs of a round. */
const runOf = (one: () => Promise<number>) => async () => {
  const figures: number[] = [];
  for (let job = 0; job < jobs; job += 1) figures.push(await one());
  return median(figures);
};

/** Adds jobs one after the other and times each until it is picked up. */
function pickUps(
  name: string,
  add: (id: string) => Promise<unknown>,
): { contender: Contender; picked(id: string): void } {
  const waiting = new Map<string, () => void>();
  let counter = 0;
  const one = async () => {
    const id = `${process.pid}x${++counter}`;
    const started = performance.now();
    const picked = new Promise<number>((resolve) => waiting.set(id, () => resolve(performance.now() - started)));
    await add(id);
    return picked;
  };
  return { contender: { name, run: runOf(one) }, picked: (id) => waiting.get(id)?.() };
}

async function pierheadQueue(store: Store): Promise<Opened> {
  const queue = createQueue('deployments', store, () => {});
  const { contender, picked } = pickUps('pierhead', (id) => queue.add(id, 1));
  const worker = await createQueueWorker(store, {
    kind: 'deployments',
    workerId: 'bench',
    slots: 2,
    process: async (id) => picked(id),
    onError: () => {},
  });
  return { contender, close: async () => void (await Promise.all([worker.close(), queue.close()])) };
}

/** On the same servers; in a database, and a numbered one of Redis, where no other contender takes its jobs. */
async function pierheadDispatch(store: Store): Promise<Opened> {
  const databaseUrl = await createDatabase(store.databaseUrl, store.redisUrl ? 'beside_redis' : 'alone');
  const env = { DATABASE_URL: databaseUrl, ...(store.redisUrl ? { REDIS_URL: `${store.redisUrl}/1` } : {}) };
  const product = await startProduct(undefined, env);
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  const serviceId = await createSite(product);
  const one = async () => {
    const { id } = (await product.api.post(`/services/${serviceId}/deployments`, {})).body;
    const ended = await product.api.follow(id);
    if (ended.status !== 'succeeded') throw new Error(JSON.stringify(ended.error));
    const [row] = await sql<{ ms: number }[]>`
      select extract(epoch from started_at - dispatched_at)::float8 * 1000 as ms from deployments where id = ${id}`;
    return row!.ms;
  };
  const close = async () => {
    await sql.end();
    await product.stop();
  };
  return { contender: { name: 'pierhead, dispatch to claim', run: runOf(one) }, close };
}

async function bareQueue({ redisUrl, databaseUrl }: Store): Promise<Opened> {
  const name = 'bench';
  if (redisUrl) {
    const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
    const queue = new Queue<{ id: string }>(name, { connection });
    const { contender, picked } = pickUps('bare BullMQ', (id) =>
      queue.add('job', { id }, { jobId: id, removeOnComplete: true }),
    );
    const worker = new Worker<{ id: string }>(name, async (job) => picked(job.data.id), { connection, concurrency: 2 });
    await worker.waitUntilReady();
    const close = async () => {
      await Promise.all([worker.close(), queue.close()]);
      connection.disconnect();
    };
    return { contender, close };
  }
  const classes = withBackend(createPostgresBackend);
  const connection = { connectionString: databaseUrl, keepAlive: true, max: 3, migrate: true };
  const queue = new classes.Queue<{ id: string }>(name, { connection });
  const { contender, picked } = pickUps('bare BullMQ', (id) =>
    queue.add('job', { id }, { jobId: id, removeOnComplete: true }),
  );
  const worker = new classes.Worker<{ id: string }>(name, async (job) => picked(job.data.id), {
    connection,
    concurrency: 2,
  });
  await worker.waitUntilReady();
  return { contender, close: async () => void (await Promise.all([worker.close(), queue.close()])) };
}
