import { Compile, type TSchema, Value } from '@pierhead/model';
import type { FastifySchemaCompiler, RouteOptions } from 'fastify';

interface Keywords {
  type?: string;
  properties?: Record<string, TSchema>;
  additionalProperties?: unknown;
}

/**
 * Validates with TypeBox itself, which reports every error with its JSON Pointer. Bodies are never coerced; query
 * strings and params are text, so that exact decimals and `true`/`false` become what their schema says. The type
 * provider's own compiler is not used: it reads `limit=1.9` as 1 and `limit=true` as 1.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  const isText = httpPart === 'querystring' || httpPart === 'params';
  const withDefaults = JSON.stringify(schema).includes('"default":')
    ? (input: unknown) => Value.Default(schema, input)
    : (input: unknown) => input;
  return (input: unknown) => {
    const value = withDefaults(isText ? fromText(schema, input) : input);
    return validator.Check(value) ? { value } : { error: validator.Errors(value) as never };
  };
};

function fromText(schema: Keywords, input: unknown): unknown {
  const properties = schema.properties ?? {};
  const entries = Object.entries(input ?? {});
  return Object.fromEntries(entries.map(([key, text]) => [key, textAs(ownOf(properties, key), text)]));
}

const ownOf = (properties: Record<string, TSchema>, key: string): Keywords =>
  Object.hasOwn(properties, key) ? (properties[key] ?? {}) : {};

function textAs(schema: Keywords, text: unknown): unknown {
  if (schema.type === 'array' && !Array.isArray(text)) return [text];
  if (typeof text !== 'string') return text;
  if (isNumeric(schema) && /^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return Number(text);
  if (schema.type !== 'boolean') return text;
  return text === 'true' ? true : text === 'false' ? false : text;
}

const isNumeric = ({ type }: Keywords) => type === 'integer' || type === 'number';

/** Makes a route refuse unknown keys in its body and query string wherever its schemas do not say otherwise. */
export function refuseUnknownKeys(route: RouteOptions): void {
  if (!route.schema) return;
  const { body, querystring } = route.schema;
  route.schema = { ...route.schema, ...(body ? { body: closed(body) } : {}) };
  if (querystring) route.schema.querystring = closed(querystring);
}

function closed(schema: Keywords): Keywords {
  if (!schema.properties) return schema;
  const properties = Object.entries(schema.properties).map(([key, child]) => [key, closed(child)]);
  const copy: Keywords = copyOf(schema);
  return Object.assign(copy, {
    properties: Object.fromEntries(properties),
    additionalProperties: schema.additionalProperties ?? false,
  });
}

/** TypeBox keeps a schema's kind in hidden properties, which a spread would lose. */
const copyOf = (schema: object) => Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema));
