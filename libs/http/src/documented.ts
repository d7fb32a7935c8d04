import { STATUS_CODES } from 'node:http';
import type { FastifySchema, RouteOptions } from 'fastify';
import { scopeOf } from './bearer-auth.js';

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
    ...access(schema, route),
    ...(body ? { body: withOptionalDefaults(body) } : {}),
    ...(querystring ? { querystring: withOptionalDefaults(querystring) } : {}),
    ...(response ? { response: withStatusTexts(response) } : {}),
  };
}

/** Which token a route needs, for people and for programs. */
function access({ description }: FastifySchema, { method, config }: RouteOptions): FastifySchema {
  const scope = scopeOf(String(method), config);
  if (!scope) return { security: [] };
  const sentence = `Needs a token with the scope \`${scope}\`.`;
  return { description: description ? `${description} ${sentence}` : sentence, ...{ 'x-scope': scope } };
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
