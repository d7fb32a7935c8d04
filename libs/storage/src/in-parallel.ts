import { availableParallelism } from 'node:os';

/** Works on all items, a few at a time; rejects with the first failure once none is under way any more. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await work(item);
  };
  const lanes = await Promise.allSettled(Array.from({ length: availableParallelism() + 2 }, lane));
  for (const each of lanes) if (each.status === 'rejected') throw each.reason;
}
