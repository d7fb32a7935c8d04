import { testDatabase } from '@pierhead/testing';
import t from 'tap';
import { connect } from './connect.js';
import { exclusively } from './exclusively.js';

t.test('work of one name runs once at a time, and again when it has ended', async (t) => {
  const { url } = await testDatabase(t);
  const [one, two] = [connect(url, { name: 'one' }), connect(url, { name: 'two' })];
  t.teardown(() => Promise.all([one.close(), two.close()]));
  let runs = 0;
  await exclusively(one, 'work', async () => {
    runs += 1;
    await exclusively(two, 'work', async () => void t.fail('somebody else is at it'));
    await exclusively(two, 'other', async () => void (runs += 1));
  });
  await t.rejects(
    exclusively(two, 'work', () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  );
  await exclusively(two, 'work', async () => void (runs += 1));
  t.equal(runs, 3);
});
