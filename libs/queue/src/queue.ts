import { createBackend, type JobQueue, type Kind, type QueueSettings, queueName } from './backend.js';

/** Where deployments, or commands, wait for a worker. A wake-up only: losing it all loses nothing. */
export interface WorkQueue {
  /** Queues one of them, for one worker or for whichever comes first; the same id and attempt twice is one job. */
  add(id: string, attempt: number, workerId?: string | null): Promise<void>;
  /** Removes the queue of a worker that is gone, with whatever waits in it. */
  forget(workerId: string): Promise<void>;
  /** Throws when the queue's store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function createQueue(kind: Kind, settings: QueueSettings, onError: (error: Error) => void): WorkQueue {
  const backend = createBackend(settings);
  const open = new Map<string, JobQueue>();
  const queueOf = (workerId: string | null): JobQueue => {
    const name = queueName(kind, workerId);
    const known = open.get(name);
    if (known) return known;
    const queue = backend.queue(name);
    queue.on('error', onError);
    open.set(name, queue);
    return queue;
  };
  const common = queueOf(null);

  return {
    async add(id, attempt, workerId = null) {
      await queueOf(workerId).add('run', { id }, { jobId: `${id}-${attempt}` });
    },
    async forget(workerId) {
      const queue = queueOf(workerId);
      await queue.obliterate({ force: true });
      open.delete(queueName(kind, workerId));
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
