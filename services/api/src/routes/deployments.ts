import { type DeploymentRow, type NoRollback, production } from '@pierhead/database';
import { sendEvents } from '@pierhead/http';
import {
  Deployment,
  DeploymentInput,
  type DeploymentInput as Input,
  isFinal,
  PageQuery,
  page,
  type RollbackInput as Rollback,
  RollbackInput,
  Type,
} from '@pierhead/model';
import { cursorId } from '../cursor.js';
import { turns } from '../news.js';
import { conflict, unknownDeployment, unknownService } from '../problems.js';
import type { Routes } from '../routes.js';
import { bodyMayBeMissing, idempotencyHeaders, idParams, problems } from '../schemas.js';
import { deploymentView } from '../views.js';

const tags = ['Deployments'];

/** What the audit log tells of a deployment. */
const audited = ({ id, serviceId, number, environment }: DeploymentRow) => ({
  target: { kind: 'deployment', id },
  after: { serviceId, number, environment },
});

const noRollback: Record<Exclude<NoRollback, 'deployment_not_found'>, string> = {
  nothing_live: 'Nothing of the service is live in this environment: there is nothing to roll back.',
  no_earlier_release: 'There is no earlier release that is still kept. Deploy an earlier revision instead.',
  never_live: 'This deployment did not succeed: only a release can be brought back.',
  live_already: 'This release is live already.',
  release_not_kept:
    'The artifact of this release has been discarded. Deploy its revision instead, and raise delivery.keepReleases to keep more.',
};

const EventStream = {
  description: 'Events named `deployment`; the data of each is a deployment.',
  content: { 'text/event-stream': { schema: Type.String() } },
};

export const deploymentRoutes: Routes = async (app, context) => {
  const { deployments, services, feed } = context;

  app.post(
    '/services/:id/deployments',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'deployService',
        summary: 'Deploy a service',
        description: 'The answer comes at once; the deployment waits its turn, then runs.',
        params: idParams,
        headers: idempotencyHeaders('deployment'),
        body: DeploymentInput,
        response: { 202: Deployment, ...problems(404, 409, 413, 415, 422) },
      },
      preValidation: bodyMayBeMissing,
    },
    async (request, reply) => {
      const { params, body, headers } = request;
      const { environment = 'production', ...input }: Input = body;
      const trigger = { kind: 'api', actor: request.identity?.name ?? null, event: null };
      const row = await deployments.create({
        serviceId: params.id,
        environment,
        trigger,
        input,
        idempotencyKey: headers['idempotency-key'] ?? null,
      });
      if (!row) throw unknownService();
      request.audit = audited(row);
      return reply.code(202).header('location', `/deployments/${row.id}`).send(deploymentView(row, context));
    },
  );

  app.post(
    '/services/:id/rollback',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'rollBackService',
        summary: 'Bring an earlier release back',
        description:
          'Its artifact, configs and variables as they were, without fetching or building. Without `deploymentId` it is the release before the live one. Whatever else is queued or running for the environment gives way.',
        params: idParams,
        headers: idempotencyHeaders('deployment'),
        body: RollbackInput,
        response: { 202: Deployment, ...problems(404, 409, 413, 415, 422) },
      },
      preValidation: bodyMayBeMissing,
    },
    async (request, reply) => {
      const { params, body, headers } = request;
      const { deploymentId, environment }: Rollback = body;
      const release = deploymentId ? await deployments.find(deploymentId) : null;
      const row = await deployments.rollback({
        serviceId: params.id,
        environment: environment ?? release?.environment ?? production,
        deploymentId: deploymentId ?? null,
        trigger: { kind: 'rollback', actor: request.identity?.name ?? null, event: null },
        idempotencyKey: headers['idempotency-key'] ?? null,
      });
      if (!row) throw unknownService();
      if (row === 'deployment_not_found') throw unknownDeployment();
      if (typeof row === 'string') throw conflict(row, noRollback[row]);
      request.audit = audited(row);
      return reply.code(202).header('location', `/deployments/${row.id}`).send(deploymentView(row, context));
    },
  );

  app.post(
    '/deployments/:id/retry',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'retryDeployment',
        summary: 'Try a deployment again',
        description:
          'A new deployment of the same revision, with the service as it is now; a source that was changed since is asked anew.',
        params: idParams,
        headers: idempotencyHeaders('deployment'),
        response: { 202: Deployment, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const { params, headers } = request;
      const failed = await deployments.find(params.id);
      if (!failed) throw unknownDeployment();
      if (!isFinal(failed.status)) throw conflict('deployment_not_final', `The deployment is ${failed.status} still.`);
      if (failed.rollbackOf) throw conflict('deployment_is_rollback', 'A rollback is tried again as another rollback.');
      const { serviceId, environment, want } = failed;
      const row = await deployments.create({
        serviceId,
        environment,
        trigger: { kind: 'retry', actor: request.identity?.name ?? null, event: null },
        input: want,
        again: { deployment: failed, secrets: context.secrets },
        idempotencyKey: headers['idempotency-key'] ?? null,
      });
      if (!row) throw unknownService();
      request.audit = audited(row);
      return reply.code(202).header('location', `/deployments/${row.id}`).send(deploymentView(row, context));
    },
  );

  app.post(
    '/deployments/:id/cancel',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'cancelDeployment',
        summary: 'Cancel a deployment',
        params: idParams,
        response: { 202: Deployment, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await deployments.cancel(id);
      const row = await deployments.find(id);
      if (!row) throw unknownDeployment();
      if (!outcome)
        throw conflict(
          'deployment_final',
          `The deployment is ${row.status === 'running' ? 'live' : row.status} already.`,
        );
      request.audit = audited(row);
      return reply.code(202).send(deploymentView(row, context));
    },
  );

  app.get(
    '/services/:id/deployments',
    {
      schema: {
        tags,
        operationId: 'listServiceDeployments',
        summary: "List a service's deployments, newest first",
        params: idParams,
        querystring: PageQuery,
        response: { 200: page(Deployment), ...problems(404) },
      },
    },
    async ({ params, query }) => {
      if (!(await services.find(params.id))) throw unknownService();
      const { items, nextCursor } = await deployments.list({
        limit: query.limit,
        before: cursorId(query.cursor),
        serviceId: params.id,
      });
      return { items: items.map((row) => deploymentView(row, context)), nextCursor };
    },
  );

  app.get(
    '/deployments',
    {
      config: { projects: 'listed' },
      schema: {
        tags,
        operationId: 'listDeployments',
        summary: 'List all deployments, newest first',
        querystring: PageQuery,
        response: { 200: page(Deployment), ...problems() },
      },
    },
    async ({ query, identity }) => {
      const { items, nextCursor } = await deployments.list({
        limit: query.limit,
        before: cursorId(query.cursor),
        projects: identity?.projects ?? null,
      });
      return { items: items.map((row) => deploymentView(row, context)), nextCursor };
    },
  );

  app.get(
    '/deployments/:id',
    {
      schema: {
        tags,
        operationId: 'readDeployment',
        summary: 'Read a deployment',
        params: idParams,
        response: { 200: Deployment, ...problems(404) },
      },
    },
    async ({ params }) => {
      const row = await deployments.find(params.id);
      if (!row) throw unknownDeployment();
      return deploymentView(row, context);
    },
  );

  app.get(
    '/deployments/:id/events',
    {
      schema: {
        tags,
        operationId: 'followDeployment',
        summary: 'Follow a deployment',
        description: 'Server-sent events: the deployment at once and at each change, until it ends.',
        params: idParams,
        response: { 200: EventStream, ...problems(404) },
      },
    },
    async (request, reply) => {
      if (!(await deployments.find(request.params.id))) throw unknownDeployment();
      const changes = async function* (signal: AbortSignal) {
        let last = '';
        for await (const _ of turns(feed, request.params.id, signal)) {
          const row = await deployments.find(request.params.id);
          if (!row) return;
          const data = deploymentView(row, context);
          const text = JSON.stringify(data);
          if (text !== last) yield { event: 'deployment', data };
          last = text;
          if (isFinal(row.status)) return;
        }
      };
      return sendEvents(request, reply, changes);
    },
  );
};
