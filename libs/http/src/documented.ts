import { STATUS_CODES } from 'node:http';
import type { FastifySchema, RouteOptions } from 'fastify';

type Schemas = Record<string, Schema>;
interface Schema {
  properties?: Schemas;
  required?: string[];
  content?: unknown;
  description?: string;
  default?: unknown;
}

/** A route's schema as its document shows it. */
export function documented(schema: FastifySchema = {}, route: RouteOptions): FastifySchema {
  const { body, querystring, response } = schema as { body?: Schema; querystring?: Schema; response?: Schemas };
  return {
    ...schema,
    ...(route.config?.public ? { security: [] } : {}),
    ...(body ? { body: withOptionalDefaults(body) } : {}),
    ...(querystring ? { querystring: withOptionalDefaults(querystring) } : {}),
    ...(response ? { response: withStatusTexts(response) } : {}),
  };
}

/** What has a default is always there for a route, and may be left out by its client. */
function withOptionalDefaults(schema: Schema): Schema {
  const { properties, required } = schema;
  if (!properties || !required) return schema;
  return { ...schema, required: required.filter((key) => properties[key]?.default === undefined) };
}

function withStatusTexts(responses: Schemas): Schemas {
  const described = Object.entries(responses).map(([status, schema]) => [
    status,
    schema.content || schema.description ? schema : { ...schema, 'x-response-description': STATUS_CODES[status] },
  ]);
  return Object.fromEntries(described);
}
