import type { Condition, Rule } from './condition.js';
import { type TObject, type TProperties, type TSchema, Type } from './typebox.js';

export const fieldTypes = [
  'text',
  'textarea',
  'number',
  'integer',
  'boolean',
  'select',
  'multiselect',
  'password',
  'url',
  'json',
  'array',
  'keyvalue',
] as const;
export type FieldType = (typeof fieldTypes)[number];

export interface Option {
  value: string;
  label: string;
}

/** What a form needs to know of a field beyond its JSON Schema; carried in the schema's `ui` keyword. */
export interface FieldUi {
  type: FieldType;
  label: string;
  placeholder?: string;
  group?: string;
  order?: number;
  /** Write-only: stored sealed, answered as `{ secret: true }`; of a map each value is. */
  secret?: boolean;
  widget?: string;
  options?: readonly Option[];
  visibleWhen?: Condition;
  requiredWhen?: Condition;
  /** Cannot be changed once a service is saved. */
  immutable?: boolean;
  /** Still works; says what to use instead. */
  deprecated?: string;
  /** Done to a text before it is checked and stored, in this order. */
  normalize?: readonly Normalization[];
}

export const normalizations = ['trim', 'lower-case', 'upper-case', 'strip-trailing-slashes'] as const;
export type Normalization = (typeof normalizations)[number];

type Ui = Omit<FieldUi, 'type' | 'options' | 'secret' | 'normalize'> & { description?: string };
type Text = Ui & {
  normalize?: readonly Normalization[];
  default?: string;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  patternHint?: string;
};
type Num = Ui & { default?: number; minimum?: number; maximum?: number };
type Items<T> = Ui & { default?: T; minItems?: number; maxItems?: number };

/** Splits what the author wrote into the `ui` keyword and plain JSON Schema keywords. */
function keywords<T extends Ui & Pick<FieldUi, 'normalize'>>(type: FieldType, written: T, more: Partial<FieldUi> = {}) {
  const { label, placeholder, group, order, widget, visibleWhen, requiredWhen, ...others } = written;
  const { immutable, deprecated, normalize, ...schema } = others;
  const conditions = { visibleWhen, requiredWhen, immutable, deprecated, normalize };
  const ui = { type, label, placeholder, group, order, widget, ...conditions, ...more };
  const present = Object.fromEntries(Object.entries(ui).filter(([, value]) => value !== undefined));
  return { title: label, ...schema, ui: present as unknown as FieldUi };
}

const noControls = '^[^\\u0000-\\u001f\\u007f]*$';
const maxText = 1_000;
const maxTextarea = 64_000;

/** A string of one line. */
export const text = (o: Text) => Type.String({ maxLength: maxText, pattern: noControls, ...keywords('text', o) });
/** A string of several lines. */
export const textarea = (o: Text) => Type.String({ maxLength: maxTextarea, ...keywords('textarea', o) });
/** A secret string: never read back. */
export const password = (o: Text) =>
  Type.String({ maxLength: maxText, pattern: noControls, ...keywords('password', o, { secret: true }) });
/** An absolute URL. */
export const url = (o: Text) => Type.String({ maxLength: 2_000, format: 'uri', ...keywords('url', o) });
export const number = (o: Num) => Type.Number(keywords('number', o));
export const integer = (o: Num) => Type.Integer(keywords('integer', o));
export const boolean = (o: Ui & { default?: boolean }) => Type.Boolean(keywords('boolean', o));
/** One of `options`; the static type is the union of their values. */
export const select = <const V extends string>(
  o: Ui & { default?: NoInfer<V>; options: readonly { value: V; label: string }[] },
) => {
  const { options, ...rest } = o;
  return Type.Unsafe<V>({
    type: 'string',
    enum: options.map((each) => each.value),
    ...keywords('select', rest, { options }),
  });
};
export const multiselect = <const V extends string>(
  o: Items<V[]> & { options: readonly { value: V; label: string }[] },
) => {
  const { options, ...rest } = o;
  const item = Type.Unsafe<V>({ type: 'string', enum: options.map((each) => each.value) });
  return Type.Array(item, { uniqueItems: true, ...keywords('multiselect', rest, { options }) });
};
/** Any JSON value. */
export const json = (o: Ui & { default?: unknown }) => Type.Unknown(keywords('json', o));
/** A list; `item` may be an object. */
export const array = <T extends TSchema>(item: T, o: Items<unknown[]>) =>
  Type.Array(item, { maxItems: 100, ...keywords('array', o) });
type Map = Ui & { default?: Record<string, string>; keyPattern?: string; maxProperties?: number; secret?: true };
/** A map of strings, such as environment variables or build arguments; with `secret`, its values are never read back. */
export const keyvalue = (o: Map) => {
  const { keyPattern = '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$', secret, ...rest } = o;
  return Type.Unsafe<Record<string, string>>({
    type: 'object',
    maxProperties: 100,
    propertyNames: { type: 'string', pattern: keyPattern },
    additionalProperties: { type: 'string', maxLength: maxTextarea },
    ...keywords('keyvalue', rest, { secret }),
  });
};

export interface Group {
  id: string;
  label: string;
}

/**
 * The schema of a whole config, or of an object inside one: unknown keys are errors. `groups` orders the
 * sections of its form; `rules` are what must hold between its fields.
 */
export function configSchema<P extends TProperties>(
  properties: P,
  options: { groups?: readonly Group[]; rules?: readonly Rule[] } = {},
): TObject<P> {
  const { groups, rules } = options;
  return Type.Object(properties, { additionalProperties: false, ...(groups && { groups }), ...(rules && { rules }) });
}
