import { type App, HttpProblem, problems, type ReadyAnswer, readyAnswer, sendReady } from '@pierhead/http';
import {
  type CallContext,
  ConfigSchema,
  type HostSettings,
  type TSchema,
  Type,
  type ValidationResult as Validation,
  ValidationResult,
} from '@pierhead/model';
import { withCallContext } from './call-context.js';

/** One registry as its routes see it, whichever kind it is. */
export interface Shelf {
  noun: 'provider' | 'builder' | 'runtime';
  metadataSchema: TSchema;
  all(): { id: string }[];
  metadata(id: string): object | null;
  schema(id: string, version?: string): object | null;
  validate(id: string, config: unknown, context?: CallContext): Promise<Validation | null>;
  /** The other registries' entries that go with one of this one's, by the last part of the route. */
  compatible: Record<string, { schema: TSchema; of(id: string): object[] }>;
}

const params = Type.Object({ id: Type.String() });
const SchemaQuery = Type.Object({ version: Type.Optional(Type.String({ maxLength: 100 })) });
const ValidateBody = Type.Object({
  config: Type.Unknown(),
  deep: Type.Boolean({ default: false, description: 'Asks the outside world too.' }),
});

/** `GET` of the list, of one, of its schema and of what goes with it, and `POST` of a config to validate. */
export function registryRoutes(app: App, host: HostSettings, shelf: Shelf): void {
  const path = `/${shelf.noun}s`;
  const known = <T>(value: T | null, id: string): T => {
    if (value !== null) return value;
    const ids = shelf.all().map((entry) => entry.id);
    throw new HttpProblem(404, `${shelf.noun}_not_found`, `There is no ${shelf.noun} "${id}"; there is ${list(ids)}.`);
  };

  const answering = (schema: TSchema) => ({ response: { 200: schema, ...problems(404) } });
  const all = onceEach();
  app.get(path, { schema: answering(listOf(shelf.metadataSchema)) }, (request, reply) =>
    sendReady(
      request,
      reply,
      all('', () => shelf.all()),
    ),
  );

  const one = onceEach();
  app.get(`${path}/:id`, { schema: { params, ...answering(shelf.metadataSchema) } }, (request, reply) => {
    const { id } = request.params;
    const answer = one(id, () => known(shelf.metadata(id), id));
    return sendReady(request, reply, answer);
  });

  const schemas = onceEach();
  const schema = { params, querystring: SchemaQuery, ...answering(ConfigSchema) };
  app.get(`${path}/:id/schema`, { schema }, (request, reply) => {
    const { id } = request.params;
    const { version } = request.query;
    const answer = schemas(JSON.stringify([id, version]), () => {
      known(shelf.metadata(id), id);
      return shelf.schema(id, version) ?? noVersion(id, version);
    });
    return sendReady(request, reply, answer);
  });

  for (const [others, { schema, of }] of Object.entries(shelf.compatible)) {
    const fitting = onceEach();
    app.get(`${path}/:id/${others}`, { schema: { params, ...answering(listOf(schema)) } }, (request, reply) => {
      const { id } = request.params;
      const answer = fitting(id, () => known(shelf.metadata(id), id) && of(id));
      return sendReady(request, reply, answer);
    });
  }

  const validate = { params, body: ValidateBody, ...answering(ValidationResult) };
  app.post(`${path}/:id/validate`, { schema: validate }, async (request) => {
    const { id } = request.params;
    const { config, deep } = request.body;
    if (!deep) return known(await shelf.validate(id, config), id);
    return known(await withCallContext(host, (context) => shelf.validate(id, config, context)), id);
  });
}

const listOf = (schema: TSchema): TSchema => Type.Array(schema);

/** Entries never change while the catalog runs, so each answer is made once; what is unknown throws and is not kept. */
function onceEach() {
  const answers = new Map<string, ReadyAnswer>();
  return (key: string, make: () => unknown): ReadyAnswer => {
    const answer = answers.get(key) ?? readyAnswer(make());
    answers.set(key, answer);
    return answer;
  };
}

const list = (ids: readonly string[]) => ids.map((id) => `"${id}"`).join(', ') || 'none';

function noVersion(id: string, version: string | undefined): never {
  throw new HttpProblem(404, 'version_not_found', `There is no version ${version} of "${id}".`);
}
