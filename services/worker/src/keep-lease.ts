import type { Interruption } from './interruption.js';
import type { WorkerContext } from './worker-context.js';

/** How long a worker may be silent before another takes over. */
export const leaseSeconds = 10;
const renewMs = 2_000;

/** Renews a lease, for so many seconds by the database's clock. */
type Renew = (seconds: number) => Promise<'held' | 'cancel' | 'lost'>;

/** Renews a lease, and interrupts the run when it is lost or when a cancel was asked for. Answers how to stop. */
export function keepLease(
  lease: Renew,
  { cancellations, logger }: Pick<WorkerContext, 'cancellations' | 'logger'>,
  interruption: Interruption,
): () => void {
  const over = new AbortController();
  let renewedAt = performance.now();

  const renew = async () => {
    const asked = performance.now();
    // After a long silence of this process or of the database somebody else may hold it already.
    if (asked - renewedAt > leaseSeconds * 1_000) return void interruption.fire('lease-lost');
    try {
      const state = await lease(leaseSeconds);
      renewedAt = asked;
      if (state === 'lost') interruption.fire('lease-lost');
      if (state === 'cancel') interruption.fire('canceled');
    } catch (error) {
      logger.warn({ err: error }, 'could not renew a lease');
    }
  };

  const timer = setInterval(renew, renewMs);
  const follow = async () => {
    while (!over.signal.aborted) {
      await cancellations.next(over.signal);
      if (!over.signal.aborted) await renew();
    }
  };
  void follow();
  return () => {
    clearInterval(timer);
    over.abort();
  };
}
