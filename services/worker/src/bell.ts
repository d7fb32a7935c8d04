/** Something that rings now and then, for any number of waiters. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or when the signal fires. */
  next(signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  const target = new EventTarget();
  return {
    ring: () => void target.dispatchEvent(new Event('ring')),
    next: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const done = () => {
          target.removeEventListener('ring', done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        target.addEventListener('ring', done);
        signal.addEventListener('abort', done);
      }),
  };
}
