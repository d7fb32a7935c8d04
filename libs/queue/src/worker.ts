import { createBackend, type JobWorker, type Kind, type Processor, type QueueSettings, queueName } from './backend.js';
import { createSlots } from './slots.js';

export interface QueueWorker {
  /** Takes no new jobs from now on; one that comes all the same goes back to where it waited. */
  stop(): Promise<void>;
  /** Takes no new jobs and waits for those under way. */
  close(): Promise<void>;
}

export interface QueueWorkerOptions {
  kind: Kind;
  /** Names the queue that this worker has to itself: beside the one that all share for deployments, alone for commands. */
  workerId: string;
  /** Jobs at once, of its queues together. */
  slots: number;
  /** Runs one to its end; it must not throw for a failure of what it runs. */
  process(id: string): Promise<void>;
  onError(error: Error): void;
}

/** How long a dead worker's job waits for another, and how often that is checked, in milliseconds. */
export const recoveryMs = 5_000;

/** How long a worker that could not ask its store for a job waits before it asks again; BullMQ's own 15 s is a long silence. */
export const retryMs = 1_000;

/** Starts to take what waits for this worker; resolves once the store answers. */
export async function createQueueWorker(
  settings: QueueSettings,
  { kind, workerId, slots, process, onError }: QueueWorkerOptions,
): Promise<QueueWorker> {
  const backend = createBackend(settings);
  const options = {
    concurrency: slots,
    lockDuration: recoveryMs,
    stalledInterval: recoveryMs,
    maxStalledCount: 3,
    runRetryDelay: retryMs,
  };
  const workers: JobWorker[] = [];
  const common = createSlots(slots, workers);
  const shared: Processor = common.share((job) => process(job.data.id));
  const own = queueName(kind, workerId);
  for (const name of kind === 'deployments' ? [queueName(kind, null), own] : [own]) {
    const worker = backend.worker(name, shared, options);
    worker.on('error', onError);
    workers.push(worker);
  }
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return {
    stop: common.stop,
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await backend.close();
    },
  };
}
