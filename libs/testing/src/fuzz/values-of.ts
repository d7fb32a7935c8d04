import fc, { type Arbitrary } from 'fast-check';
import type { OpenApi, Schema } from './open-api.js';

const texts = [
  '',
  ' ',
  '\0',
  '\n',
  '../../etc/passwd',
  '--upload-pack=touch /tmp/pierhead-canary',
  '$(touch /tmp/pierhead-canary)',
  '`touch /tmp/pierhead-canary`',
  "'; drop table services; --",
  '<script>alert(1)</script>',
  '%00',
  '%',
  '\ud800',
  'é',
  'feature/#12',
  '__proto__',
  'constructor',
  'a'.repeat(300),
  'a'.repeat(70_000),
  '9'.repeat(400),
  '0000-01-01T00:00:00Z',
  '2016-12-31T23:59:60Z',
  'http://169.254.169.254/latest/meta-data',
  'ext::sh -c touch% /tmp/pierhead-canary',
];

export const hostileText: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...texts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

const polluting = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as unknown;
const deep = JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`) as unknown;
const numbers = [0, -1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 5e-324];

export const hostileValue: Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, [], {}, polluting, deep, ...numbers) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

const mostDepth = 5;

/** Values that mostly fit a schema of the document, and now and then do not. */
export function valuesOf(schema: Schema, document: OpenApi, depth = 0): Arbitrary<unknown> {
  if (depth > mostDepth) return fc.constant(null);
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(0).chain(() => fitting(schema, document, depth)) },
    { weight: 1, arbitrary: hostileValue },
  );
}

function fitting(schema: Schema, document: OpenApi, depth: number): Arbitrary<unknown> {
  const inside = (each: unknown) => valuesOf(each as Schema, document, depth + 1);
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/').at(-1)!;
    return fitting(document.components.schemas[name] ?? {}, document, depth + 1);
  }
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (choices) return fc.oneof(...choices.map(inside));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object':
      return objectOf(schema, document, depth);
    case 'array':
      return fc.array(inside(schema.items ?? {}), { maxLength: 3 });
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({ min: Number(schema.minimum ?? 0), max: Math.min(Number(schema.maximum ?? 1_000), 2 ** 31 - 1) }),
        fc.constantFrom(...numbers),
      );
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return textFor(schema);
    default:
      return hostileValue;
  }
}

function objectOf(schema: Schema, document: OpenApi, depth: number): Arbitrary<unknown> {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, valuesOf(each, document, depth + 1)])),
    { requiredKeys: ((schema.required ?? []) as string[]).filter((key) => key in properties) },
  );
  return fc.oneof(
    { weight: 9, arbitrary: known },
    {
      weight: 1,
      arbitrary: fc.tuple(known, hostileText, hostileValue).map(([all, key, value]) => ({ ...all, [key]: value })),
    },
  );
}

function textFor({ format, pattern }: Schema): Arbitrary<string> {
  if (format === 'uuid') return fc.oneof(fc.uuid(), hostileText);
  if (format === 'date-time')
    return fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      hostileText,
    );
  const fits =
    typeof pattern === 'string' ? [fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)] : [fc.string({ maxLength: 20 })];
  return fc.oneof({ weight: 3, arbitrary: fits[0]! }, { weight: 1, arbitrary: hostileText });
}
