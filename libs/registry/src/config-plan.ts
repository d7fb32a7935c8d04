import { type Condition, type Normalization, pointer, type Rule } from '@pierhead/model';
import { fieldsIn } from './condition-fields.js';
import { hasEntries, isNested, type Keywords, neededWhen, propertiesOf } from './config-properties.js';

/** One property, with what the checks ask of it at every config. */
export interface Field {
  key: string;
  /** The key as a JSON Pointer. */
  at: string;
  schema: Keywords;
}

/** What there is to do for an object of a config, sorted once so that each check touches only the fields it is about. */
export interface Plan {
  defaults: readonly (Field & { value: unknown })[];
  normalized: readonly (Field & { steps: readonly Normalization[] })[];
  /** In an order in which each comes after those that its condition looks at. */
  conditional: readonly (Field & { visibleWhen: Condition })[];
  needed: readonly (Field & { when: true | Condition })[];
  urls: readonly Field[];
  patterned: readonly (Field & { maxLength: number })[];
  /** Lists of texts that have a pattern. */
  patternedItems: readonly (Field & { maxLength: number })[];
  immutable: readonly Field[];
  deprecated: readonly (Field & { text: string })[];
  rules: readonly (Rule & { named: readonly string[] })[];
  nested: readonly (Field & { plan: Plan })[];
  lists: readonly (Field & { plan: Plan })[];
}

export function planOf(schema: Keywords): Plan {
  const fields = propertiesOf(schema).map(([key, child]): Field => ({ key, at: pointer(key), schema: child }));
  /** The fields of which `more` knows something. */
  const those = <T extends object>(more: (field: Field) => T | false) =>
    fields.flatMap((field) => {
      const known = more(field);
      return known ? [{ ...field, ...known }] : [];
    });
  return {
    defaults: those((field) => defaultOf(schema, field)),
    normalized: those(({ schema: { ui } }) => ui?.normalize !== undefined && { steps: ui.normalize }),
    conditional: inOrder(
      those(({ schema: { ui } }) => ui?.visibleWhen !== undefined && { visibleWhen: ui.visibleWhen }),
    ),
    needed: those(({ key, schema: child }) => needOf(schema, key, child)),
    urls: those(({ schema: { ui } }) => ui?.type === 'url' && {}),
    patterned: those(({ schema }) => limitOf(schema)),
    patternedItems: those(({ schema }) => limitOf(schema.items ?? {})),
    immutable: those(({ schema: { ui } }) => ui?.immutable === true && {}),
    deprecated: those(({ schema: { ui } }) => ui?.deprecated !== undefined && { text: ui.deprecated }),
    rules: (schema.rules ?? []).map((rule) => ({ ...rule, named: [rule.field, ...fieldsIn(rule.assert)] })),
    nested: those(({ schema }) => isNested(schema) && { plan: planOf(schema) }),
    lists: those(({ schema }) => hasEntries(schema) && { plan: planOf(schema.items!) }),
  };
}

/** An object that must be there is made: a form asks for its fields, and has none for the object itself. */
function defaultOf(parent: Keywords, { key, schema }: Field): { value: unknown } | false {
  if (schema.default !== undefined) return { value: schema.default };
  return isNested(schema) && neededWhen(parent, key, schema) === true && { value: {} };
}

function needOf(parent: Keywords, key: string, schema: Keywords): { when: true | Condition } | false {
  const when = neededWhen(parent, key, schema);
  return when !== false && { when };
}

function limitOf({ pattern, maxLength }: Keywords): { maxLength: number } | false {
  return pattern !== undefined && maxLength !== undefined && { maxLength };
}

type Conditional = Plan['conditional'][number];

/** Each after those that decide about it; a registered schema has no circles. */
function inOrder(fields: readonly Conditional[]): Conditional[] {
  const byKey = new Map(fields.map((field) => [field.key, field]));
  const sorted = new Set<Conditional>();
  const place = (field: Conditional) => {
    byKey.delete(field.key);
    for (const key of fieldsIn(field.visibleWhen)) {
      const before = byKey.get(key);
      if (before) place(before);
    }
    sorted.add(field);
  };
  for (const field of fields) if (byKey.has(field.key)) place(field);
  return [...sorted];
}

type Config = Record<string, unknown>;
export type Visit = (plan: Plan, config: Config, path: string) => void;

/** Visits the objects inside a config: nested ones and the entries of lists. */
export function eachInside(plan: Plan, config: Config, path: string, visit: Visit): void {
  for (const { key, at, plan: inner } of plan.nested) {
    const value = config[key];
    if (isObject(value)) visit(inner, value, path + at);
  }
  for (const { key, at, plan: inner } of plan.lists) {
    const value = config[key];
    if (!Array.isArray(value)) continue;
    for (const [index, entry] of value.entries()) if (isObject(entry)) visit(inner, entry, `${path}${at}/${index}`);
  }
}

/** Enough for what `copyJson` has made. */
const isObject = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
