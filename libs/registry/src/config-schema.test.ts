import { boolean, configSchema, integer, password, select, Type, text } from '@pierhead/model';
import { sampleManifests } from '@pierhead/testing';
import t from 'tap';
import { describeConfig } from './config-schema.js';

const describe = (schema: Parameters<typeof configSchema>[0], groups: { id: string; label: string }[] = []) =>
  describeConfig({
    id: 'x',
    version: '1.0.0',
    name: 'X',
    description: 'An example.',
    configSchema: configSchema(schema, { groups }),
  });

t.test('fields carry what a form needs and nothing absent', async (t) => {
  const { fields } = describe({
    port: integer({ label: 'Port', description: 'Where it listens.', default: 80, minimum: 1, maximum: 9 }),
    token: Type.Optional(password({ label: 'Token' })),
    name: text({ label: 'Name', placeholder: 'app', maxLength: 5 }),
  });
  t.same(fields[0], {
    key: 'port',
    label: 'Port',
    type: 'integer',
    required: false,
    default: 80,
    description: 'Where it listens.',
    order: 0,
    secret: false,
    immutable: false,
    minimum: 1,
    maximum: 9,
  });
  t.match(fields[1], { key: 'token', type: 'password', secret: true, required: false });
  t.match(fields[2], { key: 'name', required: true, placeholder: 'app', maxLength: 5 });
});

t.test('fields come in the order of groups, order and declaration', async (t) => {
  const { fields, groups } = describe(
    {
      late: text({ label: 'Late', group: 'b' }),
      second: text({ label: 'Second', group: 'a', order: 2 }),
      first: text({ label: 'First', group: 'a', order: 1 }),
      loose: text({ label: 'Loose' }),
      other: text({ label: 'Other', group: 'not-declared' }),
    },
    [
      { id: 'a', label: 'A' },
      { id: 'b', label: 'B' },
    ],
  );
  t.same(
    fields.map(({ key, order }) => [key, order]),
    [
      ['loose', 0],
      ['first', 1],
      ['second', 2],
      ['late', 3],
      ['other', 4],
    ],
  );
  t.same(groups.at(-1), { id: 'not-declared', label: 'Not declared' });
});

t.test('an object inside becomes fields with dotted keys and a group of its own', async (t) => {
  const health = Type.Object(
    {
      kind: text({ label: 'Kind' }),
      path: Type.Optional(text({ label: 'Path', visibleWhen: { not: { field: 'kind', equals: 'tcp' } } })),
    },
    { title: 'Health check' },
  );
  const { fields, groups, jsonSchema } = describe({ health: Type.Optional(health) });
  t.same(
    fields.map(({ key, group, required }) => [key, group, required]),
    [
      ['health.kind', 'health', false],
      ['health.path', 'health', false],
    ],
  );
  t.same(fields[1]!.visibleWhen, { not: { field: 'health.kind', equals: 'tcp' } });
  t.same(groups, [{ id: 'health', label: 'Health check' }]);
  t.match(jsonSchema, { properties: { health: { additionalProperties: false, required: ['kind'] } } });
});

t.test('the JSON Schema requires only what must always be given', async (t) => {
  const when = { field: 'kind', equals: 'b' };
  const { jsonSchema } = describe({
    kind: select({ label: 'Kind', options: [{ value: 'b', label: 'B' }] }),
    defaulted: boolean({ label: 'Flag', default: false }),
    hidden: text({ label: 'Hidden', visibleWhen: when }),
    conditional: text({ label: 'Conditional', requiredWhen: when }),
    optional: Type.Optional(text({ label: 'Optional' })),
  });
  t.same(jsonSchema.required, ['kind']);
  t.equal(jsonSchema.additionalProperties, false);
});

t.test('a whole schema survives JSON unchanged', async (t) => {
  const schema = describeConfig(sampleManifests().providers[0]!);
  t.same(JSON.parse(JSON.stringify(schema)), schema);
  t.equal(schema.title, 'Sample Git');
});
