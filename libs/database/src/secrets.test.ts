import { randomBytes } from 'node:crypto';
import t from 'tap';
import { createSecrets, isSealed, mapSealed } from './secrets.js';

const key = () => randomBytes(32).toString('base64');

t.test('a sealed secret opens at any depth, for its owner and with its key', async (t) => {
  const secrets = createSecrets(key());
  const sealed = secrets.seal('pa$$ "word"\n🎉', 'service-1');
  t.ok(isSealed(sealed));
  t.notMatch(JSON.stringify(sealed), 'word');
  const stored = { token: sealed, list: [sealed, 'plain'], nested: { deep: sealed } };
  t.same(secrets.open(stored, 'service-1'), {
    token: 'pa$$ "word"\n🎉',
    list: ['pa$$ "word"\n🎉', 'plain'],
    nested: { deep: 'pa$$ "word"\n🎉' },
  });
  t.throws(() => secrets.open(stored, 'service-2'), 'it is bound to its owner');
  t.throws(() => createSecrets(key()).open(stored, 'service-1'), { message: /sealed with another key/ });
  t.same(
    mapSealed(stored, () => 'x'),
    { token: 'x', list: ['x', 'plain'], nested: { deep: 'x' } },
  );
});

t.test('the same secret never looks the same twice, and a changed one is refused', async (t) => {
  const secrets = createSecrets(key());
  const { $sealed: sealed } = secrets.seal('value', 'o');
  t.not(secrets.seal('value', 'o').$sealed, sealed);
  const flipped = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
  t.throws(() => secrets.open({ $sealed: flipped }, 'o'));
});
