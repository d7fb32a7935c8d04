import type { Condition, ConfigField, ConfigSchema, FieldType, Group, Manifest } from '@pierhead/model';
import { withPrefix } from './condition-fields.js';
import { hasEntries, isNested, type Keywords, neededWhen, plainSchema, propertiesOf } from './config-properties.js';
import { wireSchema } from './wire-schema.js';

type Described = Pick<Manifest, 'id' | 'version' | 'name' | 'description' | 'configSchema'>;
type WireRule = ConfigSchema['rules'][number];

/** Where the fields of an object stand in the config. */
interface Place {
  prefix: string;
  group?: string;
  /** When the object is there at all; absent where it always is. */
  presence?: Condition;
}

/**
 * The schema of a manifest's config as it goes over the wire.
 *
 * A property of an object inside the config becomes a field whose key is `parent.child`. Conditions name siblings in
 * the same object; in `fields` they are written with full keys, so that a form can look them up in its flat values.
 * The `items` of a list have keys of their own, relative to an entry; a rule between them is at `list[].field`.
 */
export function describeConfig(manifest: Described): ConfigSchema {
  const schema = plainSchema(manifest.configSchema);
  const declared = declaredFields(schema, { prefix: '' });
  const groups = groupsOf(schema, declared);
  return {
    id: manifest.id,
    version: manifest.version,
    title: manifest.name,
    description: manifest.description,
    jsonSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', ...wireSchema(schema) },
    fields: inOrder(declared, groups),
    groups,
    rules: rulesOf(schema, ''),
  };
}

function declaredFields(schema: Keywords, place: Place): ConfigField[] {
  return propertiesOf(schema).flatMap(([key, child]) => {
    const needed = neededWhen(schema, key, child);
    if (!isNested(child)) return fieldOf(child, key, needed, place);
    const prefix = `${place.prefix}${key}.`;
    const isLeftOut = needed !== true && child.default === undefined;
    const presence = isLeftOut ? { any: present(child, prefix) } : place.presence;
    return declaredFields(child, { prefix, group: place.group ?? key, ...(presence && { presence }) });
  });
}

/** A form has no object of its own for `parent`: it is there when any field in it has a value. */
function present(schema: Keywords, prefix: string): Condition[] {
  return propertiesOf(schema).flatMap(([key, child]) =>
    isNested(child) ? present(child, `${prefix}${key}.`) : [{ field: `${prefix}${key}`, present: true }],
  );
}

/** With full keys. A hidden field is never required, so its visibility is told once more only where nothing else is. */
function requiredWhen(needed: boolean | Condition, written: Condition | undefined, { prefix, presence }: Place) {
  if (needed === false) return undefined;
  if (needed === true) return presence;
  const own = withPrefix(written ?? needed, prefix);
  return presence ? { all: [presence, own] } : own;
}

function fieldOf(schema: Keywords, key: string, needed: boolean | Condition, place: Place): ConfigField {
  const { prefix, group, presence } = place;
  const ui = schema.ui;
  const field = {
    key: `${prefix}${key}`,
    label: ui?.label ?? schema.title ?? key,
    type: ui?.type ?? typeOf(schema),
    required: needed === true && !presence,
    default: schema.default,
    description: schema.description,
    placeholder: ui?.placeholder,
    options: ui?.options?.map(({ value, label }) => ({ value, label })),
    group: ui?.group ?? group,
    order: ui?.order ?? 0,
    secret: ui?.secret ?? false,
    immutable: ui?.immutable ?? false,
    deprecated: ui?.deprecated,
    normalize: ui?.normalize,
    visibleWhen: ui?.visibleWhen && withPrefix(ui.visibleWhen, prefix),
    requiredWhen: requiredWhen(needed, ui?.requiredWhen, place),
    minimum: schema.minimum,
    maximum: schema.maximum,
    minLength: schema.minLength,
    maxLength: schema.maxLength,
    pattern: schema.pattern,
    minItems: schema.minItems,
    maxItems: schema.maxItems,
    items: hasEntries(schema) ? itemsOf(schema.items!) : undefined,
  };
  return withoutAbsent(field) as ConfigField;
}

/** The fields of an entry of a list; they have no groups. */
function itemsOf(entry: Keywords): ConfigField[] {
  const fields = inOrder(declaredFields(entry, { prefix: '' }), []);
  return fields.map(({ group: _, items: __, ...field }) => field);
}

/** What is no field of a form, such as the properties of an entry that were written without a helper. */
function typeOf({ type }: Keywords): FieldType {
  if (type === 'string') return 'text';
  return type === 'integer' || type === 'number' || type === 'boolean' ? type : 'json';
}

/** The rules of every object inside, with full keys. */
function rulesOf(schema: Keywords, prefix: string): WireRule[] {
  const own = (schema.rules ?? []).map(({ assert, field, message }) => ({
    assert: withPrefix(assert, prefix),
    field: `${prefix}${field}`,
    message,
  }));
  const inside = propertiesOf(schema).flatMap(([key, child]) => {
    if (isNested(child)) return rulesOf(child, `${prefix}${key}.`);
    return hasEntries(child) ? rulesOf(child.items!, `${prefix}${key}[].`) : [];
  });
  return [...own, ...inside];
}

const withoutAbsent = (field: object) =>
  Object.fromEntries(Object.entries(field).filter(([, value]) => value !== undefined));

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
