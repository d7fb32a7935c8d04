import type { WorkerContext } from './worker-context.js';

const limitMs = 5_000;

/** Waits until every living gateway serves `version`; after a limit it says which do not, and goes on. */
export async function awaitGateways(
  version: number,
  { gateways, acknowledgements }: WorkerContext,
  log: (text: string) => void,
): Promise<void> {
  const deadline = AbortSignal.timeout(limitMs);
  for (;;) {
    const changed = acknowledgements.next(deadline);
    const { alive, behind } = await gateways.behind(version);
    if (alive === 0) return log('no gateway is running: the release will be served once one is');
    if (behind.length === 0) return;
    if (deadline.aborted) return log(`gateways that do not serve the release yet: ${behind.join(', ')}`);
    await changed;
  }
}
