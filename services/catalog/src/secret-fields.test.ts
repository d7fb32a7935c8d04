import { configSchema, keyvalue, password, Type, text } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import { sampleManifests } from '@pierhead/testing';
import t from 'tap';
import { secretKeys, shownConfig } from './secret-fields.js';

const fields = configSchema({
  name: text({ label: 'Name' }),
  tokens: Type.Optional(keyvalue({ label: 'Tokens', secret: true })),
  token: Type.Optional(password({ label: 'Token' })),
});
const builder = { ...sampleManifests().builders[0]!, configSchema: fields };
const schema = createRegistries({ providers: [], builders: [builder], runtimes: [] }).builders.getBuilderSchema(
  builder.id,
)!;
const hidden = { secret: true };

t.test('a map of secrets shows its names and no value, whatever is in it', async (t) => {
  t.same(secretKeys(schema), ['tokens', 'token']);
  const tokens = { a: 'hush', b: { deep: 'hush' } };
  t.same(shownConfig({ name: 'x', tokens }, schema), { name: 'x', tokens: { a: hidden, b: hidden } });
  t.same(shownConfig({ tokens: 'hush', token: { hush: 1 } }, schema), { tokens: hidden, token: hidden });
});

t.test('what another version calls secret is hidden as a whole', async (t) => {
  t.same(shownConfig({ name: { hush: 'x' } }, schema, ['name']), { name: hidden });
});
