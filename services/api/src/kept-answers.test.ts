import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import type { CatalogAnswer } from './catalog-client.js';
import { KeptAnswers } from './kept-answers.js';

const answer = (text: string, status = 200): CatalogAnswer => ({ status, headers: {}, text });

/** A catalog that counts its calls, and answers when it is told to. */
function catalog() {
  const waiting: ((result: CatalogAnswer | Error) => void)[] = [];
  const ask = () =>
    new Promise<CatalogAnswer>((resolve, reject) => {
      waiting.push((result) => (result instanceof Error ? reject(result) : resolve(result)));
    });
  return { ask, waiting };
}

t.test('a burst of readers costs one call, during it and after it', async (t) => {
  const kept = new KeptAnswers();
  const { ask, waiting } = catalog();
  const burst = Array.from({ length: 50 }, () => kept.get('a', ask));
  t.equal(waiting.length, 1);
  waiting[0]!(answer('first'));
  for (const each of await Promise.all(burst)) t.equal(each.text, 'first');
  t.equal((await kept.get('a', ask)).text, 'first');
  t.equal(waiting.length, 1);
  kept.get('b', ask);
  t.equal(waiting.length, 2, 'another key is another answer');
});

t.test('an answer is old after a second', async (t) => {
  const kept = new KeptAnswers();
  await kept.get('a', async () => answer('old'));
  const asked = performance.now();
  let text = 'old';
  while (text === 'old' && performance.now() - asked < 5_000) {
    await delay(50);
    text = (await kept.get('a', async () => answer('new'))).text;
  }
  t.equal(text, 'new');
  t.ok(performance.now() - asked > 900, 'and not before');
});

t.test('what failed is kept for nobody', async (t) => {
  const kept = new KeptAnswers();
  await t.rejects(
    kept.get('a', async () => {
      throw new Error('down');
    }),
    { message: 'down' },
  );
  t.equal((await kept.get('a', async () => answer('none', 404))).status, 404);
  t.equal((await kept.get('a', async () => answer('there'))).text, 'there');
});

t.test('a call that was under way when everything was forgotten is not kept', async (t) => {
  const kept = new KeptAnswers();
  const { ask, waiting } = catalog();
  const before = kept.get('a', ask);
  kept.clear();
  const after = kept.get('a', ask);
  waiting[1]!(answer('new'));
  waiting[0]!(answer('old'));
  t.same([(await before).text, (await after).text], ['old', 'new']);
  t.equal((await kept.get('a', ask)).text, 'new');
});

t.test('a thousand answers are kept, not more', async (t) => {
  const kept = new KeptAnswers();
  for (let index = 0; index <= 1_000; index++) await kept.get(String(index), async () => answer('old'));
  t.equal((await kept.get('1000', async () => answer('new'))).text, 'old');
  t.equal((await kept.get('0', async () => answer('new'))).text, 'new');
});
