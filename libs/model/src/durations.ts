const firstMs = 0.5;
const perDoubling = 2;

/** How many ranges durations are counted in: each reaches √2 times as far as the one before, the last from about a minute on. */
export const durationRanges = 36;

/** The range that a duration falls into. */
export const durationRange = (ms: number): number =>
  ms <= firstMs ? 0 : Math.min(durationRanges - 1, Math.ceil(perDoubling * Math.log2(ms / firstMs)));

const endOf = (range: number) => firstMs * 2 ** (range / perDoubling);

/**
 * The duration in milliseconds that this share of those that were counted did not exceed, as if each range were filled
 * evenly: it may be off by the width of a range. Null where nothing was counted.
 * @param counts by range
 */
export function durationAt(share: number, counts: readonly number[]): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [range, count] of counts.entries()) {
    if (count > 0 && left <= count) {
      const start = range === 0 ? 0 : endOf(range - 1);
      return start + ((endOf(range) - start) * left) / count;
    }
    left -= count;
  }
  return endOf(counts.length - 1);
}
