import { createBackend, type QueueSettings } from './backend.js';

/** Where deployments wait for a worker. A wake-up only: losing it all loses nothing. */
export interface DeploymentQueue {
  /** Queues a deployment; the same id and attempt twice is one job. */
  add(deploymentId: string, attempt: number): Promise<void>;
  /** Throws when the queue's store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function createQueue(settings: QueueSettings, onError: (error: Error) => void): DeploymentQueue {
  const backend = createBackend(settings);
  const queue = backend.queue();
  queue.on('error', onError);
  return {
    async add(deploymentId, attempt) {
      await queue.add('deploy', { deploymentId }, { jobId: `${deploymentId}-${attempt}` });
    },
    async ping() {
      await queue.getJobCounts('waiting');
    },
    async close() {
      await queue.close();
      await backend.close();
    },
  };
}
