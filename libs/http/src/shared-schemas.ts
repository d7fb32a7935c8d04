type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Writes each named schema once: wherever a document repeats one of its `components.schemas`, a `$ref` takes its
 * place. What validates and serializes stays whole.
 */
export function withReferences(document: object): object {
  const copy = JSON.parse(JSON.stringify(document)) as { components: { schemas: Record<string, Json> } };
  const { schemas } = copy.components;
  const names = new Map(Object.entries(schemas).map(([name, schema]) => [textOf(schema), name]));
  const refer = (value: Json): Json => {
    const name = isObject(value) ? names.get(textOf(value)) : undefined;
    return name ? { $ref: `#/components/schemas/${name}` } : inside(value);
  };
  const inside = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(refer);
    return isObject(value) ? mapValues(value, refer) : value;
  };
  const { components, ...rest } = copy;
  return { ...mapValues(rest, refer), components: { ...components, schemas: mapValues(schemas, inside) } };
}

const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapValues = <T, U>(object: Record<string, T>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));

/** The same for equal schemas, in whatever order their keys were written. */
const textOf = (schema: Json): string =>
  JSON.stringify(schema, (_key, value: Json) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
