import { pointer } from '@pierhead/model';
import { isPlainObject } from './copy-json.js';

type Schema = Record<string, unknown>;
export interface SubSchema {
  path: string;
  schema: Schema;
  /** How many schemas it stands in. */
  depth: number;
}

/** How the value of a keyword holds schemas. */
const holders = new Map<string, 'one' | 'many'>([
  ...['items', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else', 'contains'].map(
    (keyword): [string, 'one'] => [keyword, 'one'],
  ),
  ...['allOf', 'anyOf', 'oneOf', 'prefixItems', 'properties', 'patternProperties', 'dependentSchemas'].map(
    (keyword): [string, 'many'] => [keyword, 'many'],
  ),
]);

/** A schema and every schema inside it. */
export function subSchemas(root: Schema): SubSchema[] {
  const all: SubSchema[] = [];
  const add = (schema: unknown, path: string, depth: number) => {
    if (!isPlainObject(schema)) return;
    all.push({ path, schema, depth });
    for (const [keyword, value] of Object.entries(schema)) {
      const holder = holders.get(keyword);
      if (holder === 'one') add(value, `${path}/${keyword}`, depth + 1);
      if (holder === 'many' && typeof value === 'object' && value !== null) {
        for (const [key, child] of Object.entries(value)) add(child, `${path}/${keyword}${pointer(key)}`, depth + 1);
      }
    }
  };
  add(root, '', 0);
  return all;
}
