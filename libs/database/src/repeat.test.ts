import t from 'tap';
import { repeat } from './repeat.js';

const never = 2 ** 31 - 1;

t.test('requests during a run are answered by one more run', async (t) => {
  let runs = 0;
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const repeating = repeat(
    async () => {
      runs += 1;
      await gate;
    },
    never,
    () => t.fail('no error'),
  );
  repeating.now();
  repeating.now();
  repeating.now();
  t.equal(runs, 1);
  release();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(runs, 2);
  await repeating.stop();
  repeating.now();
  t.equal(runs, 2, 'nothing runs after the stop');
});

t.test('a task that throws is reported and runs again', async (t) => {
  const errors: unknown[] = [];
  const repeating = repeat(
    async () => Promise.reject(new Error('broken')),
    never,
    (error) => errors.push(error),
  );
  repeating.now();
  await new Promise((resolve) => setImmediate(resolve));
  repeating.now();
  await repeating.stop();
  t.equal(errors.length, 2);
});
