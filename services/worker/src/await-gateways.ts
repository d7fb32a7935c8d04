import type { WorkerContext } from './worker-context.js';

/** Where a route leads from a version of the route table on. */
export interface Destination {
  deploymentId: string;
  version: number;
  /** How long a gateway may wait for an answer of the release. */
  timeoutSeconds?: number;
}

const limitMs = 5_000;

/**
 * Waits until every living gateway serves a release, or one of them does not get an answer from it; after a limit it says
 * which ones are behind, and goes on.
 * @returns why a gateway does not serve it; null where they do
 */
export async function awaitGateways(
  { deploymentId, version, timeoutSeconds = 0 }: Destination,
  { gateways, acknowledgements }: WorkerContext,
  log: (text: string) => void,
): Promise<string | null> {
  const deadline = AbortSignal.timeout(limitMs + timeoutSeconds * 1_000);
  for (;;) {
    const changed = acknowledgements.next(deadline);
    const { alive, behind, refusal } = await gateways.progress(version, deploymentId);
    if (refusal !== null) return refusal;
    if (alive > 0 && behind.length === 0) return null;
    if (alive === 0) log('no gateway is running: the release will be served once one is');
    else if (deadline.aborted) log(`gateways that do not serve the release yet: ${behind.join(', ')}`);
    if (alive === 0 || deadline.aborted) return null;
    await changed;
  }
}
