import { type App, HttpProblem, readyAnswer, sendReady } from '@pierhead/http';
import { disabledHeader, type EntryKind, type HostSettings, Type, ValidationResult } from '@pierhead/model';
import type { FastifyRequest } from 'fastify';
import { withCallContext } from './call-context.js';
import type { CatalogSource } from './catalog-source.js';
import { listOf } from './choose-entry.js';
import { disabledBy } from './disabled.js';
import { shownConfig } from './secret-fields.js';
import { type AnyMetadata, type Shelf, shelvesOf } from './shelf.js';

const others: Record<EntryKind, EntryKind[]> = {
  provider: ['builder'],
  builder: ['provider', 'runtime'],
  runtime: ['builder'],
};

const version = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }));
const params = Type.Object({ id: Type.String() });
const querystring = Type.Object({ version });
const ValidateBody = Type.Object({
  config: Type.Unknown(),
  version,
  deep: Type.Boolean({ default: false, description: 'Asks the outside world too.' }),
});

/**
 * `GET` of the list, of one, of its schema and of what goes with it, and `POST` of a config to validate. The answers
 * to `GET` are made without a pause, so that a reload comes before or after one and what was made is kept rightly.
 * They are sent as bytes, which no schema serialises: the api describes them to its clients.
 */
export function registryRoutes(app: App, kind: EntryKind, source: CatalogSource, host: HostSettings): void {
  const path = `/${kind}s`;
  const shelf = (): Shelf => shelvesOf(source().current())[kind];
  const one = { params, querystring };

  app.get(path, (request, reply) => sendReady(request, reply, readyAnswer(shelf().all().map(marking(kind, request)))));

  app.get(`${path}/:id`, { schema: one }, (request, reply) => {
    const entry = known(shelf(), request.params.id, request.query.version);
    return sendReady(request, reply, readyAnswer(marking(kind, request)(entry)));
  });

  app.get(`${path}/:id/schema`, { schema: one }, (request, reply) => {
    const entry = known(shelf(), request.params.id, request.query.version);
    return sendReady(request, reply, readyAnswer(shelf().schema(entry.id, entry.version)));
  });

  for (const other of others[kind]) {
    app.get(`${path}/:id/${other}s`, { schema: one }, (request, reply) => {
      const { id, version } = known(shelf(), request.params.id, request.query.version);
      const entries = shelf().fitting[other]?.(id, version) ?? [];
      const enabled = entries.map(marking(other, request)).filter((entry) => entry.enabled);
      return sendReady(request, reply, readyAnswer(enabled));
    });
  }

  const validate = { params, body: ValidateBody, response: { 200: ValidationResult } };
  app.post(`${path}/:id/validate`, { schema: validate }, async (request) => {
    const { config, deep } = request.body;
    const shelfNow = shelf();
    const { id, version } = known(shelfNow, request.params.id, request.body.version);
    const result = deep
      ? await withCallContext(host, (context) => shelfNow.validate(id, config, { version, context }))
      : await shelfNow.validate(id, config, { version });
    return { ...result!, config: shownConfig(result!.config, shelfNow.schema(id, version)!) };
  });
}

/** Tells of entries whether they are switched on, as the request says. */
function marking(kind: EntryKind, { headers }: FastifyRequest): <M extends AnyMetadata>(entry: M) => M {
  const isDisabled = disabledBy(headers[disabledHeader]);
  return (entry) => ({ ...entry, enabled: !isDisabled(kind, entry.id) });
}

/** The entry in the version, the newest unless one is named. */
function known({ kind, all, metadata }: Shelf, id: string, version: string | undefined): AnyMetadata {
  const newest = metadata(id);
  if (!newest)
    throw new HttpProblem(404, `${kind}_not_found`, `There is no ${kind} "${id}"; there is ${listOf(all())}.`);
  const entry = metadata(id, version);
  if (entry) return entry;
  const versions = newest.versions.join(', ');
  const detail = `There is no version ${version} of the ${kind} "${id}"; there is ${versions}.`;
  throw new HttpProblem(404, 'version_not_found', detail);
}
