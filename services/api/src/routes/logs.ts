import { Readable } from 'node:stream';
import { lastEventId, sendEvents } from '@pierhead/http';
import { AppLogLine, CommandLine, Environment, hasEnded, isFinal, LogLine, nullable, Type } from '@pierhead/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.js';
import { turns } from '../news.js';
import { unknownCommand, unknownDeployment, unknownService } from '../problems.js';
import type { Routes } from '../routes.js';
import { idParams, problems } from '../schemas.js';

const batch = 1_000;
/** No log has a line of a higher number. */
const lastLine = 2 ** 31 - 1;
const maxTail = 10_000;

const pageQuery = {
  after: Type.Integer({ minimum: 0, maximum: lastLine, default: 0, description: 'Lines after this sequence number.' }),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 }),
};
const LogQuery = Type.Object(pageQuery);
const OutputQuery = Type.Object({
  ...pageQuery,
  after: Type.Integer({ ...pageQuery.after, maximum: Number.MAX_SAFE_INTEGER }),
  environment: Type.Unsafe<string>({ ...Environment, default: 'production' }),
  tail: Type.Optional(
    Type.Integer({ minimum: 0, maximum: maxTail, description: 'So many of the last lines, in place of `after`.' }),
  ),
});

/** The same lines in each of the three forms. */
const answerOf = <Line extends typeof LogLine | typeof AppLogLine | typeof CommandLine>(
  line: Line,
  description: string,
  end: string,
) => ({
  description,
  content: {
    'application/json': {
      schema: Type.Object({
        items: Type.Array(line),
        nextAfter: nullable(Type.Integer({ description: 'Where the next page starts; null at the end for now.' })),
      }),
    },
    'text/event-stream': {
      schema: Type.String({
        description: `An event \`line\` for each line, its \`seq\` as the id; then \`end\` ${end}.`,
      }),
    },
    'text/plain; charset=utf-8': { schema: Type.Unsafe<Readable>({ type: 'string' }) },
  },
});

const forms = (until: string) =>
  `JSON by default; \`Accept: text/event-stream\` follows it until ${until} and resumes from \`Last-Event-ID\`; \`Accept: text/plain\` gives the plain log.`;

export const logRoutes: Routes = async (app, context) => {
  app.get(
    '/deployments/:id/logs',
    {
      schema: {
        tags: ['Deployments'],
        operationId: 'readDeploymentLog',
        summary: "Read or follow a deployment's log",
        description: forms('the deployment ends'),
        params: idParams,
        querystring: LogQuery,
        response: { 200: answerOf(LogLine, 'The log.', 'with the status'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!(await context.deployments.find(id))) throw unknownDeployment();
      const status = async () => (await context.deployments.find(id))?.status ?? 'canceled';
      return send(request, reply, context, {
        id,
        lastLine,
        read: (after, limit) => context.logs.read(id, after, limit),
        end: async () => status().then((found) => (isFinal(found) ? { status: found } : null)),
      });
    },
  );

  app.get(
    '/commands/:id/logs',
    {
      schema: {
        tags: ['Commands'],
        operationId: 'readCommandOutput',
        summary: 'Read or follow what a command writes',
        description: `At most 100,000 lines and 10 MiB. ${forms('the command ends')}`,
        params: idParams,
        querystring: LogQuery,
        response: { 200: answerOf(CommandLine, 'The output.', 'with the status'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!(await context.commands.find(id))) throw unknownCommand();
      return send(request, reply, context, {
        id,
        lastLine,
        read: (after, limit) => context.commandLines.read(id, after, limit),
        end: async () => {
          const { status, exitCode } = (await context.commands.find(id)) ?? { status: 'canceled', exitCode: null };
          return hasEnded(status) ? { status, exitCode } : null;
        },
      });
    },
  );

  app.get(
    '/services/:id/logs',
    {
      schema: {
        tags: ['Services'],
        operationId: 'readServiceOutput',
        summary: 'Read or follow what a service writes while it runs',
        description: `The newest lines of all its replicas, through restarts and new releases: some 10,000 of each environment, and 10 MiB. ${forms('the service is removed')}`,
        params: idParams,
        querystring: OutputQuery,
        response: { 200: answerOf(AppLogLine, 'The output.', 'once the service is removed'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const { environment, tail } = query;
      const gone = async () => (await context.services.find(params.id)) === null;
      if (await gone()) throw unknownService();
      if (tail !== undefined) query.after = Math.max(0, (await context.output.lastSeq(params.id, environment)) - tail);
      return send(request, reply, context, {
        id: params.id,
        lastLine: Number.MAX_SAFE_INTEGER,
        read: (after, limit) => context.output.read(params.id, environment, after, limit),
        end: async () => ((await gone()) ? {} : null),
      });
    },
  );
};

interface Log<Line extends { seq: number; text: string }> {
  /** Of what the feed tells the news. */
  id: string;
  /** The highest number that a line may have. */
  lastLine: number;
  read(after: number, limit: number): Promise<Line[]>;
  /** What there is to say at the end of the log; null while more may come. */
  end(): Promise<object | null>;
}

type Request = Pick<FastifyRequest, 'headers' | 'query'> & { query: { after: number; limit: number } };

/** Answers in the form that the client asked for; JSON unless another one is named. */
async function send<Line extends { seq: number; text: string }>(
  request: Request,
  reply: FastifyReply,
  { feed }: ApiContext,
  log: Log<Line>,
) {
  const { after, limit } = request.query;
  const accept = request.headers.accept ?? '';
  const from = Math.min(lastEventId(request as FastifyRequest) ?? after, log.lastLine);
  if (accept.includes('text/event-stream'))
    return sendEvents(request as FastifyRequest, reply, (signal) => follow(log, from, signal, feed));
  if (accept.includes('text/plain'))
    return reply.type('text/plain; charset=utf-8').send(Readable.from(plain(log, from)));
  const items = await log.read(after, limit);
  return { items, nextAfter: items.length === limit ? items.at(-1)!.seq : null };
}

/** Every line as an event of its own, then one named `end`. */
async function* follow<Line extends { seq: number; text: string }>(
  { id, read, end }: Log<Line>,
  after: number,
  signal: AbortSignal,
  feed: ApiContext['feed'],
) {
  let last = after;
  for await (const _ of turns(feed, id, signal)) {
    const ended = await end();
    for (let lines = await read(last, batch); lines.length > 0; lines = await read(last, batch)) {
      for (const line of lines) yield { id: line.seq, event: 'line', data: line };
      last = lines.at(-1)!.seq;
    }
    if (ended === null) continue;
    yield { event: 'end', data: ended };
    return;
  }
}

/** The log as text, a batch at a time. */
async function* plain<Line extends { seq: number; text: string }>({ read }: Log<Line>, after: number) {
  let last = after;
  for (let lines = await read(last, batch); lines.length > 0; lines = await read(last, batch)) {
    yield `${lines.map((line) => line.text).join('\n')}\n`;
    last = lines.at(-1)!.seq;
  }
}
