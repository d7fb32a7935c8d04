const windowMs = 60_000;
const firstWaitMs = 200;
const maxWaitMs = 10_000;
const loop = 5;

export interface Restart {
  waitMs: number;
  /** Ends within the last minute. */
  count: number;
  /** Whether this is a crash loop: `now` when it has just become one. */
  looping: false | 'now' | 'still';
}

/** How long to wait before the next start; `deaths` are the times at which the process ended, the last one included. */
export function nextRestart(deaths: readonly number[], now: number): Restart {
  const count = deaths.filter((at) => now - at < windowMs).length;
  const waitMs = Math.min(maxWaitMs, firstWaitMs * 2 ** Math.max(0, count - 1));
  return { waitMs, count, looping: count < loop ? false : count === loop ? 'now' : 'still' };
}
