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

t.test('what an old key has sealed opens, for its owner alone, and is sealed with the new one', async (t) => {
  const [old, own] = [key(), key()];
  const before = createSecrets(old).seal('hush', 'service-1');
  const secrets = createSecrets(own, [key(), old]);
  t.equal(secrets.open<unknown>(before, 'service-1'), 'hush');
  t.throws(() => secrets.open(before, 'service-2'), 'it is bound to its owner');
  t.ok(secrets.seal('x', 'service-1').$sealed.startsWith(`${secrets.keyId}.`));
  t.equal(createSecrets(own).open<unknown>(secrets.seal('x', 'service-1'), 'service-1'), 'x');
  t.equal(secrets.fingerprint('x'), createSecrets(own).fingerprint('x'), 'old keys have no part in it');
});

t.test('a secret whose key is not known tells the key and the cure', async (t) => {
  const stranger = createSecrets(key());
  const open = () => createSecrets(key(), [key()]).open(stranger.seal('hush', 'o'), 'o');
  t.throws(open, { code: 'secret_key_unknown', message: new RegExp(`${stranger.keyId}.*PIERHEAD_OLD_SECRET_KEYS`) });
});

t.test('sealing anew changes what an old key has sealed, and nothing else', async (t) => {
  const [old, own, stranger] = [key(), key(), createSecrets(key())];
  const secrets = createSecrets(own, [old]);
  const [first, second] = [createSecrets(old).seal('one', 'o'), secrets.seal('two', 'o')];
  const [lost, foreign] = [stranger.seal('three', 'o'), createSecrets(old).seal('four', 'another')];
  const { value, ...counts } = secrets.reseal({ first, list: [second, 'plain'], lost, foreign }, 'o');
  t.same(counts, { sealed: 4, resealed: 1, unknown: [stranger.keyId, createSecrets(old).keyId] });
  t.same({ ...value, first: null }, { first: null, list: [second, 'plain'], lost, foreign });
  t.equal(createSecrets(own).open<unknown>(value.first, 'o'), 'one');
  t.match(secrets.reseal(value, 'o'), { value, resealed: 0 });
});
