import {
  BuilderMetadata,
  ConfigSchema,
  ProviderMetadata,
  RuntimeMetadata,
  type TSchema,
  Type,
  ValidationResult,
} from '@pierhead/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CatalogClient } from '../catalog-client.js';
import type { Routes } from '../routes.js';
import { problems } from '../schemas.js';

const params = Type.Object({ id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }) });
const querystring = Type.Object({ version: Type.Optional(Type.String({ maxLength: 100 })) });
const body = Type.Object({
  config: Type.Unknown(),
  deep: Type.Boolean({ default: false, description: 'Asks the outside world too.' }),
});

/** The three registries; what goes with an entry of one are entries of the others. */
const registries: { noun: string; schema: TSchema; compatible: Record<string, TSchema> }[] = [
  { noun: 'provider', schema: ProviderMetadata, compatible: { builders: BuilderMetadata } },
  { noun: 'builder', schema: BuilderMetadata, compatible: { providers: ProviderMetadata, runtimes: RuntimeMetadata } },
  { noun: 'runtime', schema: RuntimeMetadata, compatible: { builders: BuilderMetadata } },
];

/** The catalog's answers, as part of this API: one origin, one document. */
export const registryRoutes: Routes = async (app, { catalog }) => {
  const tags = ['Registries'];
  for (const { noun, schema, compatible } of registries) {
    const path = `/${noun}s`;
    const get = (
      url: string,
      operationId: string,
      summary: string,
      answer: TSchema,
      more: { params?: TSchema; querystring?: TSchema } = {},
    ) =>
      app.get(
        url,
        {
          schema: {
            tags,
            operationId,
            summary,
            ...more,
            response: { 200: answer, ...problems(...(more.params ? [404] : [])) },
          },
        },
        (request, reply) => forward(catalog, request, reply),
      );

    get(path, `list${title(noun)}s`, `List ${noun}s`, Type.Array(schema));
    get(`${path}/:id`, `read${title(noun)}`, `Read a ${noun}`, schema, { params });
    get(`${path}/:id/schema`, `read${title(noun)}Schema`, `Read a ${noun}'s config schema`, ConfigSchema, {
      params,
      querystring,
    });
    for (const [others, answer] of Object.entries(compatible)) {
      get(
        `${path}/:id/${others}`,
        `list${title(others)}Of${title(noun)}`,
        `List the ${others} that go with a ${noun}`,
        Type.Array(answer),
        { params },
      );
    }
    app.post(
      `${path}/:id/validate`,
      {
        config: { scope: 'read' },
        schema: {
          tags,
          operationId: `validate${title(noun)}Config`,
          summary: `Validate a config for a ${noun}`,
          description: 'The answer is 200 whether the config is valid or not.',
          params,
          body,
          response: { 200: ValidationResult, ...problems(404, 413, 415) },
        },
      },
      (request, reply) => forward(catalog, request, reply),
    );
  }
};

const title = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** Passes the request on, and the answer back as the bytes that they are. */
async function forward(catalog: CatalogClient, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const known = request.headers['if-none-match'];
  const answer = await catalog.forward(request.method, request.url, { 'if-none-match': known }, request.body);
  await reply.code(answer.status).headers(answer.headers).send(answer.body);
}
