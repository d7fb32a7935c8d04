import { WaitingError } from 'bullmq';
import type { JobWorker, Processor } from './backend.js';

/** The slots that the queues of one worker share. */
export interface Slots {
  /** `process` under a slot; a job that finds none goes back to its queue, where an idle worker may have it. */
  share(process: Processor): Processor;
  /** From now on there is none. */
  stop(): Promise<void>;
}

/**
 * While all slots are taken the workers are paused, so that they leave jobs to others. One that was waiting for a job
 * at that moment may still get one more: that is the job which goes back.
 * @param workers those that share the slots, as far as they have started
 */
export function createSlots(count: number, workers: readonly JobWorker[]): Slots {
  let taken = 0;
  let stopped = false;

  const pauseAll = () => Promise.all(workers.map((worker) => worker.pause(true)));
  const resumeAll = () => {
    if (stopped) return;
    for (const worker of workers) void worker.resume();
    // A worker whose loop ended just as it was resumed has to be started again.
    setImmediate(() => {
      if (taken < count && !stopped) for (const worker of workers) if (!worker.isRunning()) void worker.resume();
    });
  };

  return {
    async stop() {
      stopped = true;
      await pauseAll();
    },
    share: (process) => async (job, token, signal) => {
      if (stopped || taken >= count) {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      taken += 1;
      if (taken === count) void pauseAll();
      try {
        await process(job, token, signal);
      } finally {
        taken -= 1;
        resumeAll();
      }
    },
  };
}
