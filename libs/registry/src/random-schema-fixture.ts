import {
  array,
  boolean,
  type Condition,
  configSchema,
  integer,
  json,
  keyvalue,
  multiselect,
  number,
  password,
  type Rule,
  select,
  type TObject,
  type TProperties,
  type TSchema,
  Type,
  text,
  textarea,
  url,
} from '@pierhead/model';
import fc, { type Arbitrary } from 'fast-check';

const options = ['a', 'b', ''].map((value) => ({ value: value || 'c', label: value || 'C' }));
const words = fc.constantFrom('', 'a', 'b', 'ab', ' a ', 'A/', 'abcdef', '€', '😀😀');
const numbers = fc.constantFrom(0, 1, 2, 3, 2.5, -1);
const links = fc.constantFrom('https://example.com/a', 'http://x.test', 'not a url', '/x', '');
const anything = fc.oneof(words, numbers, fc.boolean(), fc.constantFrom<unknown>(null, [], {}, ['a'], { a: 'b' }));

/** A field, and values that it may be given: mostly of its type, not always within its bounds. */
interface Sample {
  schema: TSchema;
  values: Arbitrary<unknown>;
}

type Draw = <T>(arbitrary: Arbitrary<T>) => T;
type Make = (draw: Draw, ui: object) => Sample;
const maybe = (draw: Draw, part: object) => (draw(fc.boolean()) ? part : {});

const written =
  (make: typeof text): Make =>
  (draw, ui) => ({
    schema: make({
      label: 'Text',
      ...ui,
      ...maybe(draw, { minLength: 1 }),
      ...maybe(draw, { maxLength: 3 }),
      ...maybe(draw, { pattern: '^[a-z]*$' }),
      ...maybe(draw, { normalize: ['trim', 'lower-case', 'strip-trailing-slashes'] }),
    }),
    values: words,
  });

const makers: Make[] = [
  written(text),
  written(textarea),
  (_, ui) => ({ schema: password({ label: 'Secret', ...ui, maxLength: 3 }), values: words }),
  (_, ui) => ({ schema: url({ label: 'Link', ...ui }), values: links }),
  (draw, ui) => ({ schema: number({ label: 'N', ...ui, ...maybe(draw, { minimum: 1 }) }), values: numbers }),
  (draw, ui) => ({ schema: integer({ label: 'I', ...ui, ...maybe(draw, { maximum: 2 }) }), values: numbers }),
  (draw, ui) => ({ schema: boolean({ label: 'B', ...ui, ...maybe(draw, { default: true }) }), values: fc.boolean() }),
  (draw, ui) => ({ schema: select({ label: 'S', options, ...ui, ...maybe(draw, { default: 'a' }) }), values: words }),
  (_, ui) => ({
    schema: multiselect({ label: 'M', options, ...ui, maxItems: 2 }),
    values: fc.array(fc.constantFrom('a', 'b', 'c', 'z'), { maxLength: 3 }),
  }),
  (draw, ui) => ({
    schema: keyvalue({ label: 'K', ...ui, ...maybe(draw, { default: { A: '1' } }) }),
    values: fc.dictionary(fc.constantFrom('A', 'B'), fc.oneof(words, numbers)),
  }),
  (_, ui) => ({ schema: json({ label: 'J', ...ui }), values: anything }),
  (_, ui) => ({
    schema: array(Type.String(), { label: 'L', ...ui, maxItems: 2 }),
    values: fc.array(words, { maxLength: 3 }),
  }),
];

function drawCondition(draw: Draw, keys: readonly string[], depth = 2): Condition {
  const kind = draw(fc.constantFrom('equals', 'in', 'present', ...(depth > 0 ? ['all', 'any', 'not'] : [])));
  const inner = () => drawCondition(draw, keys, depth - 1);
  if (kind === 'all') return { all: [inner(), inner()] };
  if (kind === 'any') return { any: [inner(), inner()] };
  if (kind === 'not') return { not: inner() };
  const field = draw(fc.constantFrom(...keys));
  const value = fc.oneof(words, numbers, fc.boolean());
  if (kind === 'in') return { field, in: [draw(value), draw(value)] };
  return kind === 'equals' ? { field, equals: draw(value) } : { field, present: draw(fc.boolean()) };
}

/** Conditions look at fields that came before, so that there are no circles. */
function drawField(draw: Draw, earlier: readonly string[], inEntry: boolean): Sample {
  const make = draw(fc.constantFrom(...makers.filter((_, index) => !inEntry || index !== 2)));
  const condition = () => (earlier.length > 0 && draw(fc.boolean()) ? drawCondition(draw, earlier) : undefined);
  const [visibleWhen, requiredWhen] = [condition(), condition()];
  const { schema, values } = make(draw, { ...(visibleWhen && { visibleWhen }), ...(requiredWhen && { requiredWhen }) });
  return { schema: draw(fc.boolean()) ? Type.Optional(schema) : schema, values };
}

function drawInside(draw: Draw, depth: number, inEntry: boolean): Sample {
  if (!inEntry && draw(fc.boolean())) {
    const entry = drawObject(draw, depth - 1, true);
    const schema = array(entry.schema, { label: 'List', maxItems: 2, ...maybe(draw, { default: [] }) });
    return {
      schema: draw(fc.boolean()) ? Type.Optional(schema) : schema,
      values: fc.array(entry.values, { maxLength: 3 }),
    };
  }
  const { schema, values } = drawObject(draw, depth - 1, inEntry);
  const inner = draw(fc.boolean()) ? { ...schema, default: {} } : schema;
  return { schema: draw(fc.boolean()) ? Type.Optional(inner) : inner, values };
}

function drawObject(
  draw: Draw,
  depth: number,
  inEntry: boolean,
): { schema: TObject; values: Arbitrary<Record<string, unknown>> } {
  const properties: TProperties = {};
  const values: Record<string, Arbitrary<unknown>> = {};
  const count = draw(fc.integer({ min: 1, max: 4 }));
  for (let index = 0; index < count; index++) {
    const key = `f${index}`;
    const isInside = depth > 0 && draw(fc.integer({ min: 0, max: 4 })) === 0;
    const sample = isInside ? drawInside(draw, depth, inEntry) : drawField(draw, fieldsOf(properties), inEntry);
    properties[key] = sample.schema;
    values[key] = fc.oneof({ weight: 20, arbitrary: sample.values }, { weight: 1, arbitrary: anything });
  }
  const config = fc.record(values, { requiredKeys: [] });
  const surplus = fc.dictionary(fc.constantFrom('zzz', 'constructor', 'f0'), words, { maxKeys: 1 });
  return {
    schema: configSchema(properties, { rules: drawRules(draw, fieldsOf(properties)) }),
    values: fc.oneof(
      { weight: 12, arbitrary: config },
      { weight: 1, arbitrary: fc.tuple(config, surplus).map(([one, other]) => ({ ...other, ...one })) },
    ),
  };
}

/** An object inside is no field. */
const fieldsOf = (properties: TProperties) => Object.keys(properties).filter((key) => 'ui' in properties[key]!);

function drawRules(draw: Draw, keys: readonly string[]): Rule[] {
  if (keys.length === 0 || draw(fc.integer({ min: 0, max: 2 })) > 0) return [];
  const [field, to] = [draw(fc.constantFrom(...keys)), draw(fc.constantFrom(...keys))];
  const compare = draw(fc.constantFrom('<', '<=', '=', '!=', '>=', '>' as const));
  return [{ assert: { any: [{ field, compare, to }, drawCondition(draw, keys)] }, field, message: 'A rule.' }];
}

/** A config schema, and an arbitrary of configs for it. */
export function drawSchema(draw: Draw): { schema: TObject; values: Arbitrary<Record<string, unknown>> } {
  return drawObject(draw, 2, false);
}
