import { until } from '@pierhead/testing';
import t from 'tap';
import { disabledEntryRepository } from './disabled-entries.js';
import { setUp } from './fixture.js';
import { listen } from './listen.js';

t.test('entries are switched off and on by kind and id, and every change is told', async (t) => {
  const { database } = await setUp(t);
  const entries = disabledEntryRepository(database);
  let told = 0;
  const stop = await listen(
    database,
    'disabled_entries',
    () => void told++,
    () => {},
  );
  t.teardown(stop);
  t.same(await entries.list(), []);

  await entries.setEnabled({ kind: 'provider', entryId: 'git' }, false);
  await entries.setEnabled({ kind: 'provider', entryId: 'git' }, false);
  await entries.setEnabled({ kind: 'builder', entryId: 'static' }, false);
  await entries.setEnabled({ kind: 'provider', entryId: 'static' }, true);
  t.same(await entries.list(), [
    { kind: 'builder', entryId: 'static' },
    { kind: 'provider', entryId: 'git' },
  ]);
  await until('the changes are told', async () => told >= 2);

  await entries.setEnabled({ kind: 'provider', entryId: 'git' }, true);
  t.same(await entries.list(), [{ kind: 'builder', entryId: 'static' }]);
});
