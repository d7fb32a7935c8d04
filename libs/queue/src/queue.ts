import { createBackend, type JobQueue, type QueueSettings, queueName } from './backend.js';

/** Where deployments wait for a worker. A wake-up only: losing it all loses nothing. */
export interface DeploymentQueue {
  /** Queues a deployment, for one worker or for whichever comes first; the same id and attempt twice is one job. */
  add(deploymentId: string, attempt: number, workerId?: string | null): Promise<void>;
  /** Removes the queue of a worker that is gone, with whatever waits in it. */
  forget(workerId: string): Promise<void>;
  /** Throws when the queue's store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function createQueue(settings: QueueSettings, onError: (error: Error) => void): DeploymentQueue {
  const backend = createBackend(settings);
  const open = new Map<string, JobQueue>();
  const queueOf = (workerId: string | null): JobQueue => {
    const name = queueName(workerId);
    const known = open.get(name);
    if (known) return known;
    const queue = backend.queue(name);
    queue.on('error', onError);
    open.set(name, queue);
    return queue;
  };
  const common = queueOf(null);

  return {
    async add(deploymentId, attempt, workerId = null) {
      await queueOf(workerId).add('deploy', { deploymentId }, { jobId: `${deploymentId}-${attempt}` });
    },
    async forget(workerId) {
      const queue = queueOf(workerId);
      await queue.obliterate({ force: true });
      open.delete(queueName(workerId));
      await queue.close();
    },
    async ping() {
      await common.getJobCounts('waiting');
    },
    async close() {
      await Promise.all([...open.values()].map((queue) => queue.close()));
      await backend.close();
    },
  };
}
