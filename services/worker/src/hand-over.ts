import { setTimeout as delay } from 'node:timers/promises';
import type { StageName } from '@pierhead/model';
import type { Interruption } from './interruption.js';

/** Stages after which little is left to do: what they did would have to be undone by the next worker. */
const late: readonly (StageName | null)[] = ['release', 'verify', 'switch', 'cleanup'];
const lookMs = 100;

/**
 * Hands what runs here to other workers at once, but for deployments that are nearly done: they may finish. Resolves
 * when nothing runs any more, or when what is left has been asked to stop.
 * @param stages the stage that each deployment is in, as the database knows it
 */
export async function handOver(
  active: ReadonlyMap<string, Interruption>,
  stages: () => Promise<ReadonlyMap<string, StageName | null>>,
  graceMs: number,
): Promise<void> {
  const limit = performance.now() + graceMs;
  while (active.size > 0 && performance.now() < limit) {
    // Without its database a worker cannot finish anything.
    const known = await stages().catch(() => new Map<string, StageName | null>());
    for (const [id, interruption] of active) if (!late.includes(known.get(id) ?? null)) interruption.fire('shutdown');
    await delay(lookMs);
  }
  for (const interruption of active.values()) interruption.fire('shutdown');
}
