import { STATUS_CODES } from 'node:http';
import { ConfigProblem, type Problem as Fault, type Static, Type } from '@pierhead/model';
import type { FastifyReply } from 'fastify';

/** RFC 9457, as every error of every server here is answered. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; never changes its meaning.' }),
    requestId: Type.String({ format: 'uuid' }),
    errors: Type.Optional(Type.Array(ConfigProblem)),
  },
  { description: 'Problem details.' },
);
export type Problem = Static<typeof Problem>;

interface Details {
  errors?: readonly Fault[];
  headers?: Record<string, string>;
  cause?: unknown;
}

/** An answer that is an error: thrown from anywhere in a request. `detail` is shown to the client. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly title: string;
  readonly errors: readonly Fault[];
  readonly headers: Record<string, string>;

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    details: Details = {},
  ) {
    super(detail, { cause: details.cause });
    this.title = STATUS_CODES[status] ?? 'Error';
    this.errors = details.errors ?? [];
    this.headers = details.headers ?? {};
  }
}

/** The response schemas of the error statuses that a route may answer with. */
export function problems<S extends number>(...statuses: S[]): Record<S, typeof Problem> {
  const answer = (status: S) => ({
    description: STATUS_CODES[status] ?? 'Error',
    content: { 'application/problem+json': { schema: Problem } },
  });
  // Fastify takes a schema per content type; its types know only the schema itself.
  return Object.fromEntries(statuses.map((status) => [status, answer(status)])) as never;
}

export function problemBody(problem: HttpProblem, requestId: string): Problem {
  const { status, title, detail, code, errors } = problem;
  const body = { type: 'about:blank', title, status, detail, code, requestId };
  return errors.length > 0 ? { ...body, errors: [...errors] } : body;
}

export function sendProblem(reply: FastifyReply, problem: HttpProblem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemBody(problem, reply.request.id));
}
