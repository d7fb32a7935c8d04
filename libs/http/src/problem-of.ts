import { schemaProblems, type TLocalizedValidationError, UserError, WorldError } from '@pierhead/model';
import type { FastifyError } from 'fastify';
import { HttpProblem } from './http-problem.js';

const retryAfterSeconds = '5';

/** What a client is told of anything that was thrown; of what nobody expected, nothing. */
export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof UserError) {
    const detail = error.hint ? `${error.message} ${error.hint}` : error.message;
    return new HttpProblem(422, error.code, detail, { errors: error.problems, cause: error });
  }
  if (error instanceof WorldError) {
    const headers = { 'retry-after': retryAfterSeconds };
    return new HttpProblem(503, error.code, error.message, { headers, cause: error });
  }
  return isFastifyError(error) ? fastifyProblem(error) : internal(error);
}

const internal = (cause: unknown) =>
  new HttpProblem(500, 'internal_error', 'Something went wrong here; the request id finds it in the log.', { cause });

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && ('statusCode' in error || 'validation' in error);

function fastifyProblem(error: FastifyError): HttpProblem {
  if (error.validation) return invalidRequest(error);
  const known = knownProblems[error.code];
  if (known) return new HttpProblem(...known, { cause: error });
  const status = error.statusCode ?? 500;
  if (status === 400) return new HttpProblem(400, 'malformed_request', 'The request is malformed.', { cause: error });
  if (status === 429) return new HttpProblem(429, 'rate_limited', error.message, { cause: error });
  return status >= 400 && status < 500
    ? new HttpProblem(status, 'request_refused', 'The request is refused.', { cause: error })
    : internal(error);
}

const malformedJson = [400, 'malformed_json', 'The body is not valid JSON.'] as const;

const knownProblems: Record<string, readonly [number, string, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body_too_large', 'The body is larger than this route accepts.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported_media_type', 'This route does not take that content type.'],
  FST_ERR_CTP_INVALID_JSON_BODY: malformedJson,
  FST_ERR_CTP_EMPTY_JSON_BODY: malformedJson,
  FST_ERR_BAD_URL: [400, 'malformed_url', 'The path of the URL is malformed.'],
};

const places: Record<string, { prefix: string; name: string }> = {
  body: { prefix: '', name: 'The body' },
  querystring: { prefix: '/query', name: 'The query string' },
  params: { prefix: '/params', name: 'The path' },
  headers: { prefix: '/headers', name: 'The headers' },
};

/** Paths point into the body; `/query`, `/params` and `/headers` stand before what is elsewhere. */
function invalidRequest(error: FastifyError): HttpProblem {
  const { prefix, name } = places[error.validationContext ?? 'body']!;
  // Our validator compiler is the only source of these.
  const found = error.validation as unknown as TLocalizedValidationError[];
  const errors = schemaProblems(found, { nameOf: (path) => path || name }).map((problem) => ({
    ...problem,
    path: prefix + problem.path,
  }));
  const detail = `${name} is not acceptable: ${errors
    .map(({ message }) => message)
    .slice(0, 3)
    .join(' ')}`;
  return new HttpProblem(400, 'invalid_request', detail, { errors });
}
