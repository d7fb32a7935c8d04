import { createBackend, type QueueSettings } from './backend.js';

export interface QueueWorker {
  /** Takes no new jobs and waits for those under way. */
  close(): Promise<void>;
}

export interface QueueWorkerOptions {
  /** Jobs at once. */
  slots: number;
  /** Runs a deployment to its end; it must not throw for the deployment's own failure. */
  process(deploymentId: string): Promise<void>;
  onError(error: Error): void;
}

/** How long a dead worker's job waits for another, and how often that is checked, in milliseconds. */
const recoveryMs = 5_000;

/** How long a worker that could not ask its store for a job waits before it asks again; BullMQ's own 15 s is a long silence. */
const retryMs = 1_000;

/** Starts to take deployments from the queue; resolves once the store answers. */
export async function createQueueWorker(
  settings: QueueSettings,
  { slots, process, onError }: QueueWorkerOptions,
): Promise<QueueWorker> {
  const backend = createBackend(settings);
  const options = {
    concurrency: slots,
    lockDuration: recoveryMs,
    stalledInterval: recoveryMs,
    maxStalledCount: 3,
    runRetryDelay: retryMs,
  };
  const worker = backend.worker((job) => process(job.data.deploymentId), options);
  worker.on('error', onError);
  await worker.waitUntilReady();
  return {
    async close() {
      await worker.close();
      await backend.close();
    },
  };
}
