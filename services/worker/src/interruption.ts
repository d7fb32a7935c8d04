/** Why work under way must stop. */
export type Reason = 'canceled' | 'lease-lost' | 'shutdown' | 'deadline';

/** The one way to stop a run: the first reason counts. */
export interface Interruption {
  signal: AbortSignal;
  readonly reason: Reason | null;
  /** Stops the run, and answers with the error to throw. */
  fire(reason: Reason): Interrupted;
}

/** Thrown by work that an interruption stopped. */
export class Interrupted extends Error {
  override readonly name = 'AbortError';
}

export function createInterruption(): Interruption {
  const controller = new AbortController();
  let first: Reason | null = null;
  return {
    signal: controller.signal,
    get reason() {
      return first;
    },
    fire(reason) {
      first ??= reason;
      const error = new Interrupted(`the deployment was interrupted: ${first}`);
      controller.abort(error);
      return error;
    },
  };
}
