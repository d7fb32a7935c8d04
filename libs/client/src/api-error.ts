import type { components } from './schema.js';

type Problem = components['schemas']['Problem'];
export type Fault = NonNullable<Problem['errors']>[number];

/** An answer that is an error. `errors` are its faults by field, each at a JSON Pointer into the body. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: readonly Fault[] = [],
    readonly requestId: string | null = null,
  ) {
    super(detail);
  }
}

/** No answer at all. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly code = 'api_unreachable';
  readonly detail: string;

  constructor(url: string, cause: unknown) {
    const detail = `${new URL(url).origin} does not answer: ${reasonOf(cause)}.`;
    super(detail, { cause });
    this.detail = detail;
  }
}

/** What fetch hides behind `fetch failed`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.cause ? reasonOf(error.cause) : error.message || code || error.name;
}

/** The error that a response tells of, whoever sent it. */
export async function apiErrorOf(response: Response): Promise<ApiError> {
  const problem = isProblem(response) ? await readProblem(response) : null;
  if (problem) return new ApiError(response.status, problem.code, problem.detail, problem.errors, problem.requestId);
  const detail = `The server answered ${response.status} ${response.statusText}, and not as the API does.`;
  return new ApiError(response.status, 'unexpected_answer', detail);
}

const isProblem = (response: Response) =>
  response.headers.get('content-type')?.startsWith('application/problem+json') ?? false;

const readProblem = (response: Response) => response.json().catch(() => null) as Promise<Problem | null>;
