import { createQueue, createQueueWorker } from '@pierhead/queue';
import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { type Contender, interleave, median, type Table } from './measure.js';

const jobs = 50;

interface Store {
  name: string;
  redisUrl?: string;
  databaseUrl: string;
}

/** Time from adding a job to its processor's first line: Pierhead's queue beside bare BullMQ on the same store. */
export async function benchQueue(store: Store): Promise<Table> {
  const own = await pierheadQueue(store);
  const bare = await bareQueue(store);
  const table = await interleave(
    `Queue pick-up on ${store.name}, median of ${jobs} jobs one by one`,
    'ms',
    [bare.contender, own.contender],
    9,
  );
  await own.close();
  await bare.close();
  return table;
}

interface Opened {
  contender: Contender;
  close(): Promise<void>;
}

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
  const run = async () => {
    const figures: number[] = [];
    for (let job = 0; job < jobs; job += 1) figures.push(await one());
    return median(figures);
  };
  return { contender: { name, run }, picked: (id) => waiting.get(id)?.() };
}

async function pierheadQueue(store: Store): Promise<Opened> {
  const queue = createQueue(store, () => {});
  const { contender, picked } = pickUps('pierhead', (id) => queue.add(id, 1));
  const worker = await createQueueWorker(store, {
    workerId: 'bench',
    slots: 2,
    process: async (id) => picked(id),
    onError: () => {},
  });
  return { contender, close: async () => void (await Promise.all([worker.close(), queue.close()])) };
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
