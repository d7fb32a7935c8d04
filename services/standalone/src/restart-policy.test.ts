import t from 'tap';
import { nextRestart } from './restart-policy.js';

t.test('waits grow with the ends of the last minute, up to 10 s', async (t) => {
  t.equal(nextRestart([1_000], 1_000).waitMs, 200);
  t.equal(nextRestart([900, 1_000], 1_000).waitMs, 400);
  t.equal(nextRestart(Array(20).fill(1_000), 1_000).waitMs, 10_000);
  t.equal(nextRestart([0, 100_000], 100_000).waitMs, 200, 'older ones are forgotten');
});

t.test('a crash loop is told once, at its fifth end', async (t) => {
  const looping = (count: number) => nextRestart(Array(count).fill(0), 0).looping;
  t.same([4, 5, 6].map(looping), [false, 'now', 'still']);
});
