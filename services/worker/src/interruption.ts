import type { StageName } from '@pierhead/model';

/** Why work under way must stop. */
export type Reason = 'canceled' | 'lease-lost' | 'shutdown' | 'deadline';

/** The one way to stop a run: the first reason counts. */
export interface Interruption {
  signal: AbortSignal;
  readonly reason: Reason | null;
  /** The stage that it would interrupt; null before the first. */
  stage: StageName | null;
  /** What a deadline ends the deployment with. */
  readonly error: Error | null;
  /** Stops the run, and answers with the error to throw. */
  fire(reason: Reason, error?: Error): Interrupted;
  /** From now on the deployment is live: neither a cancel nor a deadline stops it. */
  shield(): void;
}

/** Thrown by work that an interruption stopped. */
export class Interrupted extends Error {
  override readonly name = 'AbortError';
}

export function createInterruption(): Interruption {
  const controller = new AbortController();
  let first: { reason: Reason; error: Error | null } | null = null;
  let shielded = false;
  return {
    signal: controller.signal,
    stage: null,
    get reason() {
      return first?.reason ?? null;
    },
    get error() {
      return first?.error ?? null;
    },
    fire(reason, cause) {
      const ignored = shielded && (reason === 'canceled' || reason === 'deadline');
      if (!ignored) first ??= { reason, error: cause ?? null };
      const error = new Interrupted(`it was interrupted: ${first?.reason ?? reason}`);
      if (!ignored) controller.abort(error);
      return error;
    },
    shield() {
      shielded = true;
    },
  };
}
