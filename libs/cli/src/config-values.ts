import type { ConfigField } from '@pierhead/client';
import { CliError } from './failure.js';

type Config = Record<string, unknown>;
/** What a field is known by on the command line. */
type Plain = Pick<ConfigField, 'key' | 'type'>;
export type Field = Plain & { items?: Plain[] };

/** How assignments are written, for those who ask for help. */
export const assignmentHelp = `
Fields of configs:
  key=value                    a text, number or boolean, as its field says
  parent.child=value           a field inside an object; parent={"child":"value"} for several
  key=a key=b, key=["a","b"]   a list
  key.0.name=value             a field of a list's entry, the first one being 0; key={"name":"value"} adds a whole entry
  key.NAME=value               a pair of names and values; key={"NAME":"value"} for several`;

/**
 * A config from `key=value` assignments, typed by the fields of its schema and written as `assignmentHelp` says.
 * @throws CliError for an unknown key or a value that is not of the field's type
 */
export function configOf(fields: readonly Field[], assignments: readonly string[]): Config {
  const config: Config = {};
  for (const assignment of assignments) {
    const [name, text] = splitAssignment(assignment);
    assign(config, fields, { name, whole: name, text });
  }
  return config;
}

/** `whole` is the name as it was written, `name` the part of it that counts here. */
interface Assignment {
  name: string;
  whole: string;
  text: string;
}

function assign(config: Config, fields: readonly Field[], assignment: Assignment): void {
  const { name, text } = assignment;
  const field = fieldOf(fields, name);
  if (!field) {
    assignObject(config, fields, assignment);
    return;
  }
  const { parent, key } = placeOf(config, field.key.split('.'));
  if (field.items && name !== field.key) assignInEntry(parent, key, field, assignment);
  else parent[key] = nextValue(field, parent[key], name, text);
}

/** A field of one entry of a list. */
function assignInEntry(parent: Config, key: string, field: Field, assignment: Assignment): void {
  const { name, whole } = assignment;
  const [index, inside] = entryOf(field, name.slice(field.key.length + 1), whole);
  parent[key] ??= [];
  const list = parent[key] as unknown[];
  if (index > list.length) throw wrong(whole, `entry ${list.length} comes next`);
  assign(objectAt(list, index), field.items ?? [], { ...assignment, name: inside });
}

/** Several fields of an object at once, as JSON. */
function assignObject(config: Config, fields: readonly Field[], { name, whole, text }: Assignment): void {
  if (!fields.some((field) => field.key.startsWith(`${name}.`))) throw unknownField(fields, whole);
  const value = jsonOf(text);
  if (!isObject(value)) throw wrong(whole, `it is an object: write ${whole}.FIELD=value, or JSON`);
  const { parent, key } = placeOf(config, name.split('.'));
  parent[key] = { ...(parent[key] as object), ...value };
}

/** The two parts of `0.name`. */
function entryOf({ key }: Field, rest: string, whole: string): [index: number, name: string] {
  const [, index, name] = /^(\d{1,4})\.(.+)$/.exec(rest) ?? [];
  if (index === undefined || name === undefined) throw wrong(whole, `write ${key}.0.FIELD=value, or JSON`);
  return [Number(index), name];
}

const wrong = (name: string, why: string) => new CliError('invalid_value', `${name} cannot be set like this: ${why}.`);

const isObject = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function placeOf(config: Config, path: readonly string[]): { parent: Config; key: string } {
  const [key = '', ...rest] = path;
  if (rest.length === 0) return { parent: config, key };
  return placeOf(objectAt(config, key), rest);
}

/** What stands there, replaced by an object unless it is one. */
function objectAt<K extends string | number>(holder: Record<K, unknown>, key: K): Config {
  const value = holder[key];
  if (isObject(value)) return value;
  const made: Config = {};
  holder[key] = made;
  return made;
}

/** The two sides of the first `=`. Throws CliError. */
export function splitAssignment(assignment: string): [name: string, value: string] {
  const at = assignment.indexOf('=');
  if (at < 1) throw new CliError('invalid_assignment', `“${assignment}” is not of the form key=value.`);
  return [assignment.slice(0, at), assignment.slice(at + 1)];
}

/** The value of a field after one more assignment to it. */
function nextValue(field: Field, current: unknown, name: string, text: string): unknown {
  if (field.type === 'keyvalue') return { ...(current as object), ...pairsOf(field, name, text) };
  if (field.type === 'array' || field.type === 'multiselect')
    return [...((current as unknown[]) ?? []), ...listOf(field, text)];
  return typedValue(field, text);
}

/** The field of that name, or the one that the name reaches into. */
const fieldOf = (fields: readonly Field[], name: string): Field | undefined =>
  fields.find(({ key }) => key === name) ??
  fields.find(({ key, type, items }) => (type === 'keyvalue' || items) && name.startsWith(`${key}.`));

function unknownField(fields: readonly Field[], name: string): CliError {
  const known = fields.map((field) => field.key).join(', ');
  const hint = known ? `The fields are: ${known}.` : 'It has none.';
  return new CliError('unknown_field', `There is no field “${name}”.`, hint);
}

function typedValue({ key, type }: Field, text: string): unknown {
  const mustBe = (wanted: string) => new CliError('invalid_value', `${key} must be ${wanted}, not “${text}”.`);
  if (type === 'number' || type === 'integer') {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) throw mustBe('a number');
    if (type === 'integer' && !Number.isInteger(value)) throw mustBe('a whole number');
    return value;
  }
  if (type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw mustBe('true or false');
    return text === 'true';
  }
  if (type !== 'json') return text;
  const value = jsonOf(text);
  if (value === undefined) throw mustBe('JSON');
  return value;
}

/** A JSON array as it is; anything else is one entry, which is JSON where entries have fields. */
function listOf({ key, items }: Field, text: string): unknown[] {
  const value = items || text.startsWith('[') ? jsonOf(text) : undefined;
  if (Array.isArray(value)) return value;
  if (!items) return [text];
  if (!isObject(value)) throw wrong(key, `write ${key}.0.${items[0]?.key ?? 'FIELD'}=value, or JSON`);
  return [value];
}

/** `NAME` of `key.NAME=value`, or all the pairs of a JSON object. */
function pairsOf(field: Field, name: string, text: string): object {
  const pairName = name.slice(field.key.length + 1);
  const pairs = pairName ? { [pairName]: text } : jsonOf(text);
  if (isObject(pairs)) return pairs;
  throw new CliError('invalid_value', `${name} needs a name: write ${name}.NAME=value, or a JSON object.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
