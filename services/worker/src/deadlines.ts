import type { StageName, Timeouts } from '@pierhead/model';
import { deadlineExceeded } from './failure.js';
import type { Interruption } from './interruption.js';

const fields: Partial<Record<StageName, keyof Timeouts>> = {
  resolve: 'resolveSeconds',
  fetch: 'fetchSeconds',
  build: 'buildSeconds',
  release: 'releaseSeconds',
  verify: 'verifySeconds',
};

/** Interrupts a stage that takes too long. Answers how to stop. */
export function stageDeadline(stage: StageName, timeouts: Timeouts, interruption: Interruption): () => void {
  const field = fields[stage];
  if (!field) return () => {};
  const seconds = timeouts[field];
  return after(seconds, () => interruption.fire('deadline', deadlineExceeded(`The stage ${stage}`, seconds, field)));
}

/**
 * Interrupts a deployment that takes too long. Answers how to stop.
 * @param ranSeconds since it started for the first time, on whichever worker
 */
export function totalDeadline(timeouts: Timeouts, ranSeconds: number, interruption: Interruption): () => void {
  const seconds = timeouts.totalSeconds;
  const error = deadlineExceeded('The deployment', seconds, 'totalSeconds');
  return after(Math.max(0, seconds - ranSeconds), () => interruption.fire('deadline', error));
}

export function after(seconds: number, fire: () => void): () => void {
  const timer = setTimeout(fire, seconds * 1_000);
  return () => clearTimeout(timer);
}
