import { type CommandRow, production } from '@pierhead/database';
import {
  Command,
  CommandInput,
  type CommandInput as Input,
  PageQuery,
  page,
  type RuntimeMetadata,
} from '@pierhead/model';
import type { ApiContext } from '../context.js';
import { cursorId } from '../cursor.js';
import { askCatalog } from '../pass-on.js';
import { conflict, unacceptable, unknownCommand, unknownService } from '../problems.js';
import type { Routes } from '../routes.js';
import { idempotencyHeaders, idParams, problems } from '../schemas.js';
import { commandView } from '../views.js';

const tags = ['Commands'];

/** What the audit log tells of a command. */
const audited = ({ id, serviceId, environment, deploymentId, argv }: CommandRow) => ({
  target: { kind: 'command', id },
  after: { serviceId, environment, deploymentId, command: argv },
});

const nothingLive = () =>
  conflict(
    'nothing_live',
    'Nothing of the service is live in this environment: deploy it first, for a command runs in its live release.',
  );

export const commandRoutes: Routes = async (app, context) => {
  const { commands, services } = context;

  app.post(
    '/services/:id/commands',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'runCommand',
        summary: 'Run a command in the live release',
        description:
          'In a container of its own, with the image, variables, limits and network of the release. The answer comes at once. It runs at most once: where its worker dies it fails.',
        params: idParams,
        headers: idempotencyHeaders('command'),
        body: CommandInput,
        response: { 202: Command, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body, headers } = request;
      const { environment = production, ...input }: Input = body;
      if (!(await services.find(params.id))) throw unknownService();
      await assertRunnable(params.id, environment, context);
      const row = await commands.create({
        serviceId: params.id,
        environment,
        input,
        trigger: { kind: 'api', actor: request.identity?.name ?? null, event: null },
        idempotencyKey: headers['idempotency-key'] ?? null,
      });
      if (!row) throw unknownService();
      if (row === 'nothing_live') throw nothingLive();
      request.audit = audited(row);
      return reply.code(202).header('location', `/commands/${row.id}`).send(commandView(row));
    },
  );

  app.get(
    '/services/:id/commands',
    {
      schema: {
        tags,
        operationId: 'listServiceCommands',
        summary: "List a service's commands, newest first",
        description: 'Also the times at which a schedule was skipped, with the reason.',
        params: idParams,
        querystring: PageQuery,
        response: { 200: page(Command), ...problems(404) },
      },
    },
    async ({ params, query }) => {
      if (!(await services.find(params.id))) throw unknownService();
      const { items, nextCursor } = await commands.list({
        limit: query.limit,
        before: cursorId(query.cursor),
        serviceId: params.id,
      });
      return { items: items.map(commandView), nextCursor };
    },
  );

  app.get(
    '/commands/:id',
    {
      schema: {
        tags,
        operationId: 'readCommand',
        summary: 'Read a command',
        params: idParams,
        response: { 200: Command, ...problems(404) },
      },
    },
    async ({ params }) => {
      const row = await commands.find(params.id);
      if (!row) throw unknownCommand();
      return commandView(row);
    },
  );

  app.post(
    '/commands/:id/cancel',
    {
      config: { scope: 'deploy' },
      schema: {
        tags,
        operationId: 'cancelCommand',
        summary: 'Cancel a command',
        description:
          'One that runs has ten seconds to end, then it is killed; it is `canceled` once nothing of it is left.',
        params: idParams,
        response: { 202: Command, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await commands.cancel(id);
      const row = await commands.find(id);
      if (!row) throw unknownCommand();
      if (!outcome) throw conflict('command_final', `The command is ${row.status} already.`);
      request.audit = audited(row);
      return reply.code(202).send(commandView(row));
    },
  );
};

/** Throws where the runtime of what is live runs no commands. One that is not known here is its worker's affair. */
async function assertRunnable(serviceId: string, environment: string, context: ApiContext): Promise<void> {
  const id = (await context.services.liveDeployments([serviceId], environment)).get(serviceId);
  const [live] = await context.deployments.findMany(id ? [id] : []);
  if (!live) return;
  const { runtimeId } = live.snapshot;
  const { status, text } = await askCatalog(`/runtimes/${runtimeId}`, context);
  if (status !== 200 || (JSON.parse(text) as RuntimeMetadata).commands) return;
  const detail = `The runtime \u201c${runtimeId}\u201d runs no commands: choose another one for the service, and deploy again.`;
  throw unacceptable('commands_not_supported', detail, []);
}
