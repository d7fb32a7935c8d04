/** A task that recurs: one run at a time, at an interval, and on request. */
export interface Repeating {
  /** Asks for a run soon; one that is under way is followed by another. */
  now(): void;
  /** No further runs; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

export function repeat(task: () => Promise<void>, everyMs: number, onError: (error: unknown) => void): Repeating {
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const run = () => {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    running = task()
      .catch(onError)
      .then(() => {
        running = null;
        if (!again) return;
        again = false;
        run();
      });
  };

  const timer = setInterval(run, everyMs);
  return {
    now: run,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
