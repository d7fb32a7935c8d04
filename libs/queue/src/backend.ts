import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';

/** Redis when `redisUrl` is set, else PostgreSQL. */
export interface QueueSettings {
  redisUrl?: string | undefined;
  databaseUrl: string;
}

/** The one name of the one queue; a job holds a deployment's id and nothing else. */
const queueName = 'deployments';
export interface JobData {
  deploymentId: string;
}

/** The part of BullMQ's classes that is used; their type parameters differ by store. */
interface JobQueue {
  add(name: string, data: JobData, options: { jobId: string }): Promise<unknown>;
  getJobCounts(state: 'waiting'): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}
interface JobWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

type Processor = (job: { data: JobData }, token?: string, signal?: AbortSignal) => Promise<void>;
type WorkerSettings = {
  concurrency: number;
  lockDuration: number;
  stalledInterval: number;
  maxStalledCount: number;
  runRetryDelay: number;
};

/** BullMQ's two classes over one of its stores, and how that store is asked whether it lives. */
export interface Backend {
  queue(): JobQueue;
  worker(process: Processor, settings: WorkerSettings): JobWorker;
  close(): Promise<void>;
}

/** Finished jobs are dropped at once: PostgreSQL rows of ours are the truth, and a kept id would block a re-add. */
const defaultJobOptions = { removeOnComplete: true, removeOnFail: true } as const;

export function createBackend(settings: QueueSettings): Backend {
  return settings.redisUrl ? redisBackend(settings.redisUrl) : postgresBackend(settings.databaseUrl);
}

function redisBackend(url: string): Backend {
  const connection = new Redis(url, { maxRetriesPerRequest: null, enableReadyCheck: true });
  connection.on('error', () => {});
  return {
    queue: () => new Queue<JobData>(queueName, { connection, defaultJobOptions }),
    worker: (process, options) => new Worker<JobData, void>(queueName, process, { connection, ...options }),
    close: async () => connection.disconnect(),
  };
}

function postgresBackend(connectionString: string): Backend {
  const connection = { connectionString, keepAlive: true, max: 3, migrate: true };
  const classes = withBackend(createPostgresBackend);
  return {
    queue: () => new classes.Queue<JobData>(queueName, { connection, defaultJobOptions }),
    worker: (process, options) => new classes.Worker<JobData, void>(queueName, process, { connection, ...options }),
    close: async () => {},
  };
}
