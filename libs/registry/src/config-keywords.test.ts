import { array, configSchema, integer, type TObject, Type, text, url } from '@pierhead/model';
import t from 'tap';
import { describeConfig } from './config-schema.js';
import { configValidator } from './validate-config.js';

const about = { id: 'x', version: '1.0.0', name: 'Example', description: 'X' };
const validatorOf = (schema: TObject, deprecated?: string) =>
  configValidator(schema, describeConfig({ ...about, configSchema: schema }), deprecated);
const codes = (problems: { path: string; code: string }[]) => problems.map(({ path, code }) => `${path} ${code}`);

t.test('texts are normalised before they are checked, wherever they stand', async (t) => {
  const branch = () => Type.Optional(text({ label: 'Branch', normalize: ['trim', 'lower-case'], pattern: '^[a-z]+$' }));
  const validate = validatorOf(
    configSchema({
      branch: branch(),
      link: Type.Optional(url({ label: 'Link', normalize: ['trim', 'strip-trailing-slashes'] })),
      inner: Type.Optional(Type.Object({ branch: branch() })),
      list: Type.Optional(array(Type.Object({ branch: branch() }), { label: 'List' })),
    }),
  );
  const { valid, config } = validate({
    branch: ' Main ',
    link: ' https://example.com/a/ / ',
    inner: { branch: 'X ' },
    list: [{ branch: ' Y' }],
  });
  t.same(config, { branch: 'main', link: 'https://example.com/a', inner: { branch: 'x' }, list: [{ branch: 'y' }] });
  t.ok(valid);
  t.same(validate(config).config, config);
  t.same(codes(validate({ branch: 5 }).errors), ['/branch type']);
});

t.test('an immutable field keeps what was saved, and may be given what it never had', async (t) => {
  const fixed = () => Type.Optional(text({ label: 'Region', immutable: true }));
  const validate = validatorOf(
    configSchema({
      region: fixed(),
      inner: Type.Optional(Type.Object({ region: fixed() })),
      free: integer({ label: 'F', default: 1 }),
    }),
  );
  const saved = { region: 'eu', inner: { region: 'a' }, free: 1 };
  t.same(validate(saved, saved).errors, []);
  t.same(codes(validate({ region: 'us', inner: { region: 'b' }, free: 2 }, saved).errors), [
    '/region immutable',
    '/inner/region immutable',
  ]);
  t.same(codes(validate({}, saved).errors), ['/region immutable', '/inner/region immutable']);
  t.same(validate(saved, { free: 1 }).errors, []);
  t.same(validate(saved).errors, []);
  for (const strange of [null, 1, [], 'x', { inner: 5 }]) t.same(validate(saved, strange).errors, []);
});

t.test('what is deprecated warns where it has a value of its own', async (t) => {
  const old = (standard?: string) =>
    Type.Optional(text({ label: 'Old', deprecated: 'Use new.', ...(standard && { default: standard }) }));
  const validate = validatorOf(
    configSchema({ old: old(), kept: old('x'), list: array(Type.Object({ old: old() }), { label: 'L', default: [] }) }),
  );
  t.same(validate({}).warnings, []);
  t.same(validate({ old: '', kept: 'x' }).warnings, []);
  const { valid, warnings } = validate({ old: 'a', kept: 'y', list: [{}, { old: 'b' }] });
  t.ok(valid);
  t.same(codes(warnings), ['/old deprecated', '/kept deprecated', '/list/1/old deprecated']);
  t.equal(warnings[0]!.message, 'Old is deprecated: Use new.');
  t.match(validatorOf(configSchema({}), 'Use the other.')({}).warnings, [
    { path: '', code: 'deprecated', message: 'Example is deprecated: Use the other.' },
  ]);
});

const range = configSchema(
  {
    min: Type.Optional(integer({ label: 'Min' })),
    max: Type.Optional(integer({ label: 'Max', visibleWhen: { not: { field: 'min', equals: 0 } } })),
  },
  {
    rules: [
      {
        assert: {
          any: [
            { field: 'max', present: false },
            { field: 'min', compare: '<=', to: 'max' },
          ],
        },
        field: 'max',
        message: 'The greatest must not be below the least.',
      },
    ],
  },
);

t.test('a rule holds between fields that are shown and have no fault of their own', async (t) => {
  const validate = validatorOf(range);
  t.match(validate({ min: 2, max: 1 }).errors, [
    { path: '/max', code: 'rule', message: 'The greatest must not be below the least.' },
  ]);
  t.same(validate({ min: 1, max: 2 }).errors, []);
  t.same(validate({ min: 1 }).errors, []);
  t.same(codes(validate({ min: 'x', max: 1 }).errors), ['/min type']);
  t.same(validate({ min: 0, max: -1 }), { valid: true, errors: [], warnings: [], config: { min: 0 } });
});

t.test('rules and conditions hold inside objects and inside each entry of a list', async (t) => {
  const validate = validatorOf(
    configSchema({ inner: Type.Optional(range), list: array(range, { label: 'List', default: [] }) }),
  );
  t.same(
    codes(
      validate({
        inner: { min: 2, max: 1 },
        list: [
          { min: 0, max: 5 },
          { min: 3, max: 1 },
        ],
      }).errors,
    ),
    ['/inner/max rule', '/list/1/max rule'],
  );
  t.same(validate({ list: [{ min: 0, max: 5 }] }).config, { list: [{ min: 0 }] });
});

t.test('a field is shown by what its siblings are in the end, in whatever order they stand', async (t) => {
  const optional = (label: string, visibleWhen: object) =>
    Type.Optional(text({ label, visibleWhen: visibleWhen as never }));
  const validate = validatorOf(
    configSchema({
      c: optional('C', { field: 'b', present: false }),
      b: optional('B', { field: 'a', equals: 'on' }),
      a: text({ label: 'A' }),
    }),
  );
  t.same(validate({ a: 'off', b: 'left over', c: 'shown' }).config, { a: 'off', c: 'shown' });
  t.same(validate({ a: 'on', b: 'x', c: 'hidden' }).config, { a: 'on', b: 'x' });
});

t.test('fields tell of entries, rules, and everything that a form asks for', async (t) => {
  const { fields, rules, jsonSchema } = describeConfig({
    ...about,
    configSchema: configSchema({
      inner: range,
      list: array(range, { label: 'List', immutable: true }),
      old: Type.Optional(
        text({ label: 'Old', deprecated: 'Use new.', normalize: ['trim'], pattern: '^x', maxLength: 5 }),
      ),
    }),
  });
  t.match(
    fields.find(({ key }) => key === 'list'),
    { immutable: true, items: [{ key: 'min' }, { key: 'max', visibleWhen: { not: { field: 'min', equals: 0 } } }] },
  );
  t.match(
    fields.find(({ key }) => key === 'old'),
    { deprecated: 'Use new.', normalize: ['trim'], immutable: false },
  );
  t.same(
    rules.map(({ field }) => field),
    ['inner.max', 'list[].max'],
  );
  t.match(rules[0], { assert: { any: [{ field: 'inner.max' }, { field: 'inner.min', to: 'inner.max' }] } });
  t.match(rules[1], { assert: { any: [{}, { field: 'list[].min', to: 'list[].max' }] } });
  t.ok(jsonSchema);
});

t.test('a text with a pattern has a greatest length, and a longer one never meets the pattern', async (t) => {
  const pattern = '^(a|aa)+$';
  const plain = Type.Unsafe<string>({ type: 'string', pattern, ui: { type: 'text', label: 'Slow' } });
  const schema = configSchema({
    slow: plain,
    list: array(Type.String({ pattern, maxLength: 5 }), { label: 'L', default: [] }),
  });
  t.match(describeConfig({ ...about, configSchema: schema }).fields[0], { maxLength: 1_000 });
  const value = `${'a'.repeat(5_000)}!`;
  const { errors, config } = validatorOf(configSchema({ list: schema.properties.list }))({ list: [value] });
  t.same(codes(errors), ['/list/0 too_long']);
  t.equal((config.list as string[])[0], value);
});
