import { setTimeout as delay } from 'node:timers/promises';
import type { StageName } from '@pierhead/model';
import type { Interruption } from './interruption.js';

/** Stages after which little is left to do: what they did would have to be undone by the next worker. */
const late: readonly (StageName | null)[] = ['release', 'verify', 'switch', 'cleanup'];
const lookMs = 100;

/**
 * Hands what runs here to other workers at once, but for deployments that are nearly done: they may finish. Resolves
 * when nothing runs any more, or when what is left has been asked to stop.
 */
export async function handOver(
  active: ReadonlyMap<string, Interruption>,
  graceMs: number,
  mayFinish: (interruption: Interruption) => boolean = ({ stage }) => late.includes(stage),
): Promise<void> {
  const limit = performance.now() + graceMs;
  while (active.size > 0 && performance.now() < limit) {
    for (const interruption of active.values()) if (!mayFinish(interruption)) interruption.fire('shutdown');
    await delay(lookMs);
  }
  for (const interruption of active.values()) interruption.fire('shutdown');
}
