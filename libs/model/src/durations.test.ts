import t from 'tap';
import { durationAt, durationRange, durationRanges } from './durations.js';

const counted = (durations: number[]) => {
  const counts = new Array<number>(durationRanges).fill(0);
  for (const each of durations) counts[durationRange(each)]! += 1;
  return counts;
};

t.test('a share of durations is found within the width of a range', async (t) => {
  const durations = Array.from({ length: 5_000 }, (_, index) => (index + 1) / 3);
  const counts = counted(durations);
  for (const share of [0.5, 0.95, 0.99]) {
    const exact = durations[Math.ceil(share * durations.length) - 1]!;
    const found = durationAt(share, counts)!;
    t.ok(found > exact / Math.SQRT2 && found < exact * Math.SQRT2, `${share}: ${found} for ${exact}`);
  }
});

t.test('every duration has a range', async (t) => {
  for (const ms of [0, 0.5, 0.500001, 1, 65_536, 1e9]) {
    const range = durationRange(ms);
    t.ok(Number.isInteger(range) && range >= 0 && range < durationRanges, String(ms));
  }
  t.equal(durationRange(1e9), durationRanges - 1);
  t.same([0.4, 0.6, 1, 1.1].map(durationRange), [0, 1, 2, 3]);
});

t.test('of nothing there is no share, and rounding finds the last', async (t) => {
  t.equal(durationAt(0.5, []), null);
  t.equal(durationAt(0.5, counted([])), null);
  t.ok(durationAt(1.0000001, counted([10]))! >= 10);
});
