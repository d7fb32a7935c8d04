import { newId, type ServiceRow } from '@pierhead/database';
import {
  DeploymentInput,
  PageQuery,
  page,
  Service,
  ServiceInput,
  ServicePatch,
  ServicePlan,
  Type,
} from '@pierhead/model';
import { changeService, etagOf, stored } from '../change-service.js';
import { cursorId } from '../cursor.js';
import { planService } from '../plan.js';
import { unknownService } from '../problems.js';
import type { Routes } from '../routes.js';
import { bodyMayBeMissing, idParams, problems } from '../schemas.js';
import { resolveInput } from '../service-input.js';
import { serviceRecord, serviceView, serviceViews } from '../views.js';

const tags = ['Services'];
const targetOf = ({ id }: ServiceRow) => ({ kind: 'service', id });

const ListQuery = Type.Object({
  ...PageQuery.properties,
  search: Type.Optional(
    Type.String({ maxLength: 63, pattern: '^[^\\u0000-\\u001f]*$', description: 'Part of the name.' }),
  ),
});
const matchHeaders = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 100, description: 'The ETag that the change is based on.' })),
});

export const serviceRoutes: Routes = async (app, context) => {
  const { services } = context;

  app.get(
    '/services',
    {
      config: { projects: 'listed' },
      schema: {
        tags,
        operationId: 'listServices',
        summary: 'List services, newest first',
        querystring: ListQuery,
        response: { 200: page(Service), ...problems() },
      },
    },
    async ({ query: { limit, cursor, search }, identity }) => {
      const { items, nextCursor } = await services.list({
        limit,
        before: cursorId(cursor),
        projects: identity?.projects ?? null,
        ...(search ? { search } : {}),
      });
      return { items: await serviceViews(items, context), nextCursor };
    },
  );

  app.post(
    '/services',
    {
      config: { scope: 'deploy', projects: 'body' },
      schema: {
        tags,
        operationId: 'createService',
        summary: 'Create a service',
        description:
          'Nothing is deployed yet. The three configs are validated together; every fault comes back at its path.',
        body: ServiceInput,
        response: { 201: Service, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const row = stored(await services.create(await resolveInput(body, newId(), null, context)), body);
      request.audit = { target: targetOf(row), after: serviceRecord(row) };
      return reply
        .code(201)
        .header('location', `/services/${row.id}`)
        .header('etag', etagOf(row))
        .send(await serviceView(row, context));
    },
  );

  app.get(
    '/services/:id',
    {
      schema: {
        tags,
        operationId: 'readService',
        summary: 'Read a service',
        description: 'Secrets are answered as `{ secret: true }`.',
        params: idParams,
        response: { 200: Service, ...problems(404) },
      },
    },
    async ({ params }, reply) => {
      const row = await services.find(params.id);
      if (!row) throw unknownService();
      return reply.header('etag', etagOf(row)).send(await serviceView(row, context));
    },
  );

  app.patch(
    '/services/:id',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'changeService',
        summary: 'Change a service',
        description:
          'A JSON merge patch over what a new service is sent as. Where the provider, the builder or the runtime changes, its config starts empty; a new builder brings its own runtime. The change reaches visitors with the next deployment. Without `If-Match` it is merged into whatever the service is by then.',
        params: idParams,
        headers: matchHeaders,
        body: ServicePatch,
        response: { 200: Service, ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body, headers } = request;
      const { before, after } = await changeService(params.id, body, headers['if-match'], context);
      request.audit = { target: targetOf(after), before: serviceRecord(before), after: serviceRecord(after) };
      return reply.header('etag', etagOf(after)).send(await serviceView(after, context));
    },
  );

  app.post(
    '/services/:id/plan',
    {
      config: { scope: 'read' },
      schema: {
        tags,
        operationId: 'planService',
        summary: 'Tell what a deployment would do, without doing it',
        params: idParams,
        body: DeploymentInput,
        response: { 200: ServicePlan, ...problems(404, 413, 415, 422) },
      },
      preValidation: bodyMayBeMissing,
    },
    async ({ params, body }) => {
      const row = await services.find(params.id);
      if (!row) throw unknownService();
      return planService(row, body, context);
    },
  );

  app.delete(
    '/services/:id',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'deleteService',
        summary: 'Delete a service and everything that it owns',
        params: idParams,
        response: { 204: Type.Null(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const before = await services.find(request.params.id);
      if (!before || !(await services.remove(before.id))) throw unknownService();
      request.audit = { target: targetOf(before), before: serviceRecord(before) };
      return reply.code(204).send(null);
    },
  );
};
