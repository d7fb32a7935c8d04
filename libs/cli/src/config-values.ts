import type { ConfigField } from '@pierhead/client';
import { CliError } from './failure.js';

type Config = Record<string, unknown>;
/** What a field is known by on the command line. */
export type Field = Pick<ConfigField, 'key' | 'type'>;

/**
 * A config from `key=value` assignments, typed by the fields of its schema: `parent.child=value` reaches into an
 * object, `key.NAME=value` adds to a keyvalue field, and a list takes the same key several times or a JSON array.
 * @throws CliError for an unknown key or a value that is not of the field's type
 */
export function configOf(fields: readonly Field[], assignments: readonly string[]): Config {
  const config: Config = {};
  for (const assignment of assignments) {
    const [name, text] = splitAssignment(assignment);
    const field = fieldOf(fields, name);
    const { parent, key } = placeOf(config, field.key.split('.'));
    parent[key] = nextValue(field, parent[key], name, text);
  }
  return config;
}

function placeOf(config: Config, path: readonly string[]): { parent: Config; key: string } {
  const [key = '', ...rest] = path;
  if (rest.length === 0) return { parent: config, key };
  config[key] ??= {};
  return placeOf(config[key] as Config, rest);
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
    return [...((current as unknown[]) ?? []), ...listOf(text)];
  return typedValue(field, text);
}

function fieldOf(fields: readonly Field[], key: string): Field {
  const named = fields.find((field) => field.key === key);
  const parent = fields.find((field) => field.type === 'keyvalue' && key.startsWith(`${field.key}.`));
  const found = named ?? parent;
  if (found) return found;
  const known = fields.map((field) => field.key).join(', ');
  throw new CliError(
    'unknown_field',
    `There is no field “${key}”.`,
    known ? `The fields are: ${known}.` : 'It has none.',
  );
}

function typedValue({ key, type }: Field, text: string): unknown {
  const wrong = (wanted: string) => new CliError('invalid_value', `${key} must be ${wanted}, not “${text}”.`);
  if (type === 'number' || type === 'integer') {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) throw wrong('a number');
    if (type === 'integer' && !Number.isInteger(value)) throw wrong('a whole number');
    return value;
  }
  if (type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw wrong('true or false');
    return text === 'true';
  }
  if (type !== 'json') return text;
  const value = jsonOf(text);
  if (value === undefined) throw wrong('JSON');
  return value;
}

/** A JSON array as it is; any other text is one item. */
function listOf(text: string): unknown[] {
  const value = text.startsWith('[') ? jsonOf(text) : undefined;
  return Array.isArray(value) ? value : [text];
}

/** `NAME` of `key.NAME=value`, or all the pairs of a JSON object. */
function pairsOf(field: Field, name: string, text: string): object {
  const pairName = name.slice(field.key.length + 1);
  const pairs = pairName ? { [pairName]: text } : jsonOf(text);
  if (typeof pairs === 'object' && pairs !== null && !Array.isArray(pairs)) return pairs;
  throw new CliError('invalid_value', `${name} needs a name: write ${name}.NAME=value, or a JSON object.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
