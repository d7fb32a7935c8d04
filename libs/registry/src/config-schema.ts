import type { Condition, ConfigField, ConfigSchema, Group, Manifest } from '@pierhead/model';
import { isAlwaysRequired, isNested, type Keywords, keywordsOf, propertiesOf } from './config-properties.js';

type Described = Pick<Manifest, 'id' | 'version' | 'name' | 'description' | 'configSchema'>;

/**
 * The schema of a manifest's config as it goes over the wire.
 *
 * A property of an object inside the config becomes a field whose key is `parent.child`. Conditions name siblings in
 * the same object; in `fields` they are written with full keys, so that a form can look them up in its flat values.
 */
export function describeConfig(manifest: Described): ConfigSchema {
  const schema = keywordsOf(manifest.configSchema);
  const declared = declaredFields(schema);
  const groups = groupsOf(schema, declared);
  return {
    id: manifest.id,
    version: manifest.version,
    title: manifest.name,
    description: manifest.description,
    jsonSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', ...wireSchema(schema) },
    fields: inOrder(declared, groups),
    groups,
  };
}

/** A JSON clone in which what may be left out is not `required` and objects refuse unknown keys. */
function wireSchema(schema: Keywords): Keywords {
  return close(JSON.parse(JSON.stringify(schema)));
}

function close(schema: Keywords): Keywords {
  if (schema.items) close(schema.items);
  for (const [, child] of propertiesOf(schema)) close(child);
  if (!schema.properties) return schema;
  const required = propertiesOf(schema).filter(([key, child]) => isAlwaysRequired(schema, key, child));
  return Object.assign(schema, {
    required: required.map(([key]) => key),
    additionalProperties: schema.additionalProperties ?? false,
  });
}

function declaredFields(schema: Keywords, prefix = '', mayBeAbsent = false, group?: string): ConfigField[] {
  return propertiesOf(schema).flatMap(([key, child]) => {
    const required = !mayBeAbsent && isAlwaysRequired(schema, key, child);
    if (isNested(child)) return declaredFields(child, `${prefix}${key}.`, !required, group ?? key);
    return fieldOf(child, `${prefix}${key}`, prefix, required, group);
  });
}

function fieldOf(schema: Keywords, key: string, prefix: string, required: boolean, group?: string): ConfigField {
  const ui = schema.ui;
  const field = {
    key,
    label: ui?.label ?? schema.title ?? key,
    type: ui?.type ?? 'json',
    required,
    default: schema.default,
    description: schema.description,
    placeholder: ui?.placeholder,
    options: ui?.options?.map(({ value, label }) => ({ value, label })),
    group: ui?.group ?? group,
    order: ui?.order ?? 0,
    secret: ui?.secret ?? false,
    visibleWhen: ui?.visibleWhen && withPrefix(ui.visibleWhen, prefix),
    requiredWhen: ui?.requiredWhen && withPrefix(ui.requiredWhen, prefix),
    minimum: schema.minimum,
    maximum: schema.maximum,
    minLength: schema.minLength,
    maxLength: schema.maxLength,
    pattern: schema.pattern,
  };
  return withoutAbsent(field);
}

/** JSON has no `undefined`; the clone also severs the wire from the manifest. */
const withoutAbsent = <T>(value: T): T => JSON.parse(JSON.stringify(value));

function withPrefix(condition: Condition, prefix: string): Condition {
  if ('all' in condition) return { all: condition.all.map((each) => withPrefix(each, prefix)) };
  if ('any' in condition) return { any: condition.any.map((each) => withPrefix(each, prefix)) };
  if ('not' in condition) return { not: withPrefix(condition.not, prefix) };
  return { ...condition, field: `${prefix}${condition.field}` };
}

/** The declared groups, then those that fields name without a declaration. */
function groupsOf(schema: Keywords, fields: readonly ConfigField[]): Group[] {
  const declared = (schema.groups ?? []).map(({ id, label }) => ({ id, label }));
  const known = new Set(declared.map((group) => group.id));
  const used = [...new Set(fields.flatMap((field) => field.group ?? []))].filter((id) => !known.has(id));
  return [...declared, ...used.map((id) => ({ id, label: schema.properties?.[id]?.title ?? titleOf(id) }))];
}

const titleOf = (id: string) => id.charAt(0).toUpperCase() + id.slice(1).replaceAll(/[-_]/g, ' ');

/** Ungrouped fields first, then by group, `order` and declaration; `order` becomes the position. */
function inOrder(fields: readonly ConfigField[], groups: readonly Group[]): ConfigField[] {
  const rank = (field: ConfigField) => groups.findIndex((group) => group.id === field.group);
  const sorted = fields.toSorted((a, b) => rank(a) - rank(b) || a.order - b.order);
  return sorted.map((field, order) => ({ ...field, order }));
}
