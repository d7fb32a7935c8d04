import { createSecrets } from '@pierhead/database';
import t from 'tap';
import { hidingSecretsOf } from './hide-secrets.js';

t.test('texts that hold a stored secret are hidden wherever they went', async (t) => {
  const secrets = createSecrets(Buffer.alloc(32).toString('base64'));
  const seal = (text: string) => secrets.seal(text, 'owner');
  const hide = hidingSecretsOf(
    [{ token: seal('hush') }, { deep: [seal('quiet')] }, { none: seal('') }],
    'owner',
    secrets,
  );
  t.same(hide({ name: 'web', port: 1, none: null, login: 'me:hush', list: ['quiet', 'x'], deep: { a: 'hush' } }), {
    ...{ name: 'web', port: 1, none: null, login: { secret: true } },
    ...{ list: [{ secret: true }, 'x'], deep: { a: { secret: true } } },
  });
});
