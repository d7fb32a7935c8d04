import {
  BuilderMetadata,
  ConfigSchema,
  ProviderMetadata,
  RuntimeMetadata,
  type TSchema,
  Type,
  ValidationResult,
} from '@pierhead/model';
import { askCatalog, passOn } from '../pass-on.js';
import type { Routes } from '../routes.js';
import { entryParams as params, problems } from '../schemas.js';

const version = Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'The newest unless given.' }));
const querystring = Type.Object({ version });
const body = Type.Object({
  config: Type.Unknown(),
  version,
  deep: Type.Boolean({ default: false, description: 'Asks the outside world too.' }),
});

/** The three registries; what goes with an entry of one are entries of the others. */
const registries: { noun: string; schema: TSchema; compatible: Record<string, TSchema> }[] = [
  { noun: 'provider', schema: ProviderMetadata, compatible: { builders: BuilderMetadata } },
  { noun: 'builder', schema: BuilderMetadata, compatible: { providers: ProviderMetadata, runtimes: RuntimeMetadata } },
  { noun: 'runtime', schema: RuntimeMetadata, compatible: { builders: BuilderMetadata } },
];

/** The catalog's answers, as part of this API: one origin, one document. */
export const registryRoutes: Routes = async (app, context) => {
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
          config: { projects: 'none' },
          schema: {
            tags,
            operationId,
            summary,
            ...more,
            response: { 200: answer, ...problems(...(more.params ? [404] : [])) },
          },
        },
        async (request, reply) => passOn(request, reply, await askCatalog(request.url, context)),
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
        config: { scope: 'read', projects: 'none' },
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
      async (request, reply) =>
        passOn(request, reply, await context.catalog.forward('POST', request.url, request.body)),
    );
  }
};

const title = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
