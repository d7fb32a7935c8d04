import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';

/** Redis when `redisUrl` is set, else PostgreSQL. */
export interface QueueSettings {
  redisUrl?: string | undefined;
  databaseUrl: string;
}

/** What waits in a queue. */
export type Kind = 'deployments' | 'commands';

/** The queue that every worker takes from, or the one that a single worker has to itself. */
export const queueName = (kind: Kind, workerId: string | null) => (workerId === null ? kind : `${kind}-${workerId}`);

/** A job holds the id of what is to be run, and nothing else. */
export interface JobData {
  id: string;
}

/** The part of BullMQ's classes that is used; their type parameters differ by store. */
export interface JobQueue {
  add(name: string, data: JobData, options: { jobId: string }): Promise<unknown>;
  upsertJobScheduler(id: string, repeat: Repeat, template: { name: string; data: JobData }): Promise<unknown>;
  removeJobScheduler(id: string): Promise<unknown>;
  getJobSchedulers(): Promise<KnownScheduler[]>;
  getJobCounts(state: 'waiting'): Promise<unknown>;
  obliterate(options: { force: boolean }): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** A cron expression, and the time zone that it is read in. */
interface Repeat {
  pattern: string;
  tz: string;
}
interface KnownScheduler {
  key: string;
  pattern?: string | undefined;
  tz?: string | undefined;
  /** Milliseconds since 1970. */
  next?: number | undefined;
}
export interface JobWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  isPaused(): boolean;
  isRunning(): boolean;
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** The part of BullMQ's job that is used. */
interface Job {
  data: JobData;
  /** Of a scheduler's job: the moment that it was made for, in milliseconds since 1970. */
  opts: {
    prevMillis?: number | undefined;
    repeat?: { pattern?: string | undefined; tz?: string | undefined } | undefined;
  };
  moveToWait(token?: string): Promise<unknown>;
}

export type Processor = (job: Job, token?: string, signal?: AbortSignal) => Promise<void>;
type WorkerSettings = {
  concurrency: number;
  lockDuration: number;
  stalledInterval: number;
  maxStalledCount: number;
  runRetryDelay: number;
};

/** BullMQ's two classes over one of its stores, and how that store is asked whether it lives. */
export interface Backend {
  queue(name: string): JobQueue;
  worker(name: string, process: Processor, settings: WorkerSettings): JobWorker;
  close(): Promise<void>;
}

/** Finished jobs are dropped at once: PostgreSQL rows of ours are the truth, and a kept id would block a re-add. */
const defaultJobOptions = { removeOnComplete: true, removeOnFail: true } as const;

/** Notes about a queue that nobody reads; written late, they outlive a queue that was removed meanwhile. */
const skipMetasUpdate = true;

export function createBackend(settings: QueueSettings): Backend {
  return settings.redisUrl ? redisBackend(settings.redisUrl) : postgresBackend(settings.databaseUrl);
}

function redisBackend(url: string): Backend {
  const connection = new Redis(url, { maxRetriesPerRequest: null, enableReadyCheck: true });
  connection.on('error', () => {});
  return {
    queue: (name) => new Queue<JobData>(name, { connection, defaultJobOptions, skipMetasUpdate }),
    worker: (name, process, options) => new Worker<JobData, void>(name, process, { connection, ...options }),
    close: async () => connection.disconnect(),
  };
}

function postgresBackend(connectionString: string): Backend {
  // One connection for each queue, beside the one that a worker listens on: servers allow a hundred in all. A job that a
  // crash of the server takes back is added again from our rows, or does nothing a second time: no commit need wait.
  const options = '-c synchronous_commit=off';
  const connection = { connectionString, keepAlive: true, max: 1, migrate: true, options };
  const classes = withBackend(createPostgresBackend);
  return {
    queue: (name) => new classes.Queue<JobData>(name, { connection, defaultJobOptions, skipMetasUpdate }),
    worker: (name, process, options) => new classes.Worker<JobData, void>(name, process, { connection, ...options }),
    close: async () => {},
  };
}
