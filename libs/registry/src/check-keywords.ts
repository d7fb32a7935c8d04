import { isPlainObject } from './copy-json.js';
import type { SubSchema } from './sub-schemas.js';

/** One thing that is wrong with a config schema. */
export interface Fault {
  path: string;
  message: string;
}

type Shape = 'text' | 'number' | 'count' | 'boolean' | 'list' | 'object' | 'schema';

const shapes = new Map<string, Shape>(
  Object.entries({
    type: 'text',
    title: 'text',
    description: 'text',
    patternHint: 'text',
    format: 'text',
    minimum: 'number',
    maximum: 'number',
    exclusiveMinimum: 'number',
    exclusiveMaximum: 'number',
    multipleOf: 'number',
    minLength: 'count',
    maxLength: 'count',
    minItems: 'count',
    maxItems: 'count',
    minProperties: 'count',
    maxProperties: 'count',
    uniqueItems: 'boolean',
    enum: 'list',
    allOf: 'list',
    anyOf: 'list',
    oneOf: 'list',
    items: 'object',
    properties: 'object',
    patternProperties: 'object',
    additionalProperties: 'schema',
    propertyNames: 'schema',
  }),
);

const fits: Record<Shape, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  count: (value) => Number.isInteger(value) && Number(value) >= 0,
  boolean: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value) && value.length > 0,
  object: isPlainObject,
  schema: (value) => typeof value === 'boolean' || isPlainObject(value),
};

const words: Record<Shape, string> = {
  text: 'text',
  number: 'a number',
  count: 'a whole number that is not negative',
  boolean: 'true or false',
  list: 'a list that is not empty',
  object: 'an object',
  schema: 'a schema',
};

const types = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);
const references = new Set(['$ref', '$dynamicRef', '$recursiveRef', '$defs', 'definitions', '$id', '$anchor']);

/** Whether the keywords of one schema have values that mean something. */
export function checkKeywords({ path, schema }: SubSchema): Fault[] {
  const faults: Fault[] = [];
  for (const [key, value] of Object.entries(schema)) {
    const shape = shapes.get(key);
    if (shape && !fits[shape](value))
      faults.push({ path: `${path}/${key}`, message: `${key} must be ${words[shape]}.` });
    if (references.has(key))
      faults.push({ path: `${path}/${key}`, message: 'A config schema cannot refer to others.' });
  }
  return [...faults, ...checkType(schema.type, path), ...checkRequired(schema, path)];
}

function checkType(type: unknown, path: string): Fault[] {
  if (typeof type !== 'string' || types.has(type)) return [];
  return [{ path: `${path}/type`, message: `There is no type "${type.slice(0, 100)}".` }];
}

function checkRequired({ required, properties }: Record<string, unknown>, path: string): Fault[] {
  if (required === undefined) return [];
  const known = isPlainObject(properties) ? properties : {};
  if (Array.isArray(required) && required.every((key) => typeof key === 'string' && Object.hasOwn(known, key)))
    return [];
  return [{ path: `${path}/required`, message: 'required lists properties of the same object.' }];
}
