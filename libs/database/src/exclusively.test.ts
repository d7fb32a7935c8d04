import { testDatabase } from '@pierhead/testing';
import t from 'tap';
import { connect } from './connect.js';
import { exclusively } from './exclusively.js';

t.test('work of one name runs once at a time, and again when it has ended', async (t) => {
  const { url } = await testDatabase(t);
  const [one, two] = [connect(url, { name: 'one' }), connect(url, { name: 'two' })];
  t.teardown(() => Promise.all([one.close(), two.close()]));
  const runs: string[] = [];
  const note = (name: string) => async () => void runs.push(name);
  await exclusively(one, 'work', async () => {
    runs.push('first');
    await exclusively(two, 'work', note('at the same time'));
    await exclusively(two, 'other', note('of another name'));
  });
  await t.rejects(
    exclusively(two, 'work', () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  );
  await exclusively(two, 'work', note('afterwards'));
  t.same(runs, ['first', 'of another name', 'afterwards']);
});
