import { containerStats, type Engine, inspectContainer } from '@pierhead/docker';
import type { InstanceUsage, PartUsage } from '@pierhead/model';
import { sandboxOf } from './sandboxes.js';

/** The engine measures once a second whatever is asked for then; each waits on a connection of its own. */
const together = 100;

interface RunningContainer {
  id: string;
  deploymentId: string;
}

/** What containers take of their machine, by deployment. Those that have ended meanwhile are left out. */
export async function usageOf(
  engine: Engine,
  containers: readonly RunningContainer[],
  signal: AbortSignal,
): Promise<InstanceUsage[]> {
  const found = new Map<string, PartUsage[]>();
  for (let start = 0; start < containers.length; start += together) {
    const batch = containers.slice(start, start + together);
    const parts = await Promise.all(batch.map(({ id }) => partOf(engine, id, signal)));
    for (const [index, part] of parts.entries()) {
      const { deploymentId } = batch[index]!;
      if (part) found.set(deploymentId, [...(found.get(deploymentId) ?? []), part]);
    }
  }
  return [...found].map(([deploymentId, parts]) => ({ deploymentId, parts }));
}

async function partOf(engine: Engine, id: string, signal: AbortSignal): Promise<PartUsage | null> {
  const state = await inspectContainer(engine, id, signal);
  if (!state) return null;
  const sandbox = sandboxOf(state);
  const [stats, home] = await Promise.all([
    containerStats(engine, id, signal),
    sandbox ? containerStats(engine, sandbox, signal) : null,
  ]);
  if (!stats) return null;
  const { startedAt, restarts, memoryLimit } = state;
  // What goes over the network is counted where the network is.
  const { receivedBytes, sentBytes } = home ?? stats;
  return { id, startedAt, restarts, memoryLimitBytes: memoryLimit || null, ...stats, receivedBytes, sentBytes };
}
