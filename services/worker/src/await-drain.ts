import type { Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

/** A gateway that died rings no more. */
const lookMs = 5_000;

/**
 * Waits until nothing is under way to a deployment that is no longer served; how long that may take is the gateways' to
 * say. Ends early, with an error, when the run is interrupted.
 */
export async function awaitDrain(
  deploymentId: string,
  { gateways, acknowledgements }: Pick<WorkerContext, 'gateways' | 'acknowledgements'>,
  { interruption, context }: Pick<Run, 'interruption' | 'context'>,
): Promise<void> {
  for (let first = true; ; first = false) {
    const changed = acknowledgements.next(AbortSignal.any([interruption.signal, AbortSignal.timeout(lookMs)]));
    if ((await gateways.draining(deploymentId)).length === 0) return;
    interruption.signal.throwIfAborted();
    if (first) context.log('waiting for what is under way to the old release', 'system');
    await changed;
  }
}
