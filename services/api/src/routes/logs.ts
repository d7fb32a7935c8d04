import { Readable } from 'node:stream';
import { lastEventId, sendEvents } from '@pierhead/http';
import { isFinal, LogLine, nullable, Type } from '@pierhead/model';
import type { ApiContext } from '../context.js';
import { turns } from '../news.js';
import { notFound } from '../problems.js';
import type { Routes } from '../routes.js';
import { idParams, problems } from '../schemas.js';

const batch = 1_000;
/** No log has a line of a higher number. */
const lastLine = 2 ** 31 - 1;

const LogQuery = Type.Object({
  after: Type.Integer({ minimum: 0, maximum: lastLine, default: 0, description: 'Lines after this sequence number.' }),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 }),
});
const LogPage = Type.Object({
  items: Type.Array(LogLine),
  nextAfter: nullable(Type.Integer({ description: 'Where the next page starts; null at the end for now.' })),
});

/** The same lines in each of the three forms. */
const LogAnswer = {
  description: 'The log.',
  content: {
    'application/json': { schema: LogPage },
    'text/event-stream': {
      schema: Type.String({
        description: 'An event `line` for each line, its `seq` as the id; then `end` with the status.',
      }),
    },
    'text/plain; charset=utf-8': { schema: Type.Unsafe<Readable>({ type: 'string' }) },
  },
};

type Form = 'json' | 'stream' | 'plain';

/** The form that a client asked for; JSON unless another one is named. */
function formOf(accept = ''): Form {
  if (accept.includes('text/event-stream')) return 'stream';
  return accept.includes('text/plain') ? 'plain' : 'json';
}

export const logRoutes: Routes = async (app, context) => {
  app.get(
    '/deployments/:id/logs',
    {
      schema: {
        tags: ['Deployments'],
        operationId: 'readDeploymentLog',
        summary: "Read or follow a deployment's log",
        description:
          'JSON by default; `Accept: text/event-stream` follows it until the deployment ends and resumes from `Last-Event-ID`; `Accept: text/plain` gives the plain log.',
        params: idParams,
        querystring: LogQuery,
        response: { 200: LogAnswer, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { params, query, headers } = request;
      if (!(await context.deployments.find(params.id)))
        throw notFound('deployment_not_found', 'There is no deployment with this id.');
      const form = formOf(headers.accept);
      const after = Math.min(lastEventId(request) ?? query.after, lastLine);
      if (form === 'stream') return sendEvents(request, reply, (signal) => follow(params.id, after, signal, context));
      if (form === 'plain')
        return reply.type('text/plain; charset=utf-8').send(Readable.from(plain(params.id, after, context)));
      const items = await context.logs.read(params.id, query.after, query.limit);
      return { items, nextAfter: items.length === query.limit ? items.at(-1)!.seq : null };
    },
  );
};

/** Every line as an event of its own, then one named `end` with the final status. */
async function* follow(id: string, after: number, signal: AbortSignal, { logs, deployments, feed }: ApiContext) {
  let last = after;
  for await (const _ of turns(feed, id, signal)) {
    const status = (await deployments.find(id))?.status ?? 'canceled';
    for (let lines = await logs.read(id, last, batch); lines.length > 0; lines = await logs.read(id, last, batch)) {
      for (const line of lines) yield { id: line.seq, event: 'line', data: line };
      last = lines.at(-1)!.seq;
    }
    if (!isFinal(status)) continue;
    yield { event: 'end', data: { status } };
    return;
  }
}

/** The log as text, a batch at a time. */
async function* plain(id: string, after: number, { logs }: ApiContext) {
  let last = after;
  for (let lines = await logs.read(id, last, batch); lines.length > 0; lines = await logs.read(id, last, batch)) {
    yield `${lines.map((line) => line.text).join('\n')}\n`;
    last = lines.at(-1)!.seq;
  }
}
