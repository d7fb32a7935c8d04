/** What a caller may see of one fault in a body or a config. `path` is a JSON Pointer. */
export interface Problem {
  path: string;
  code: string;
  message: string;
}

export interface ErrorDetails {
  /** What the user can do about it, in one sentence. */
  hint?: string;
  /** The line of source or output that caused it. */
  line?: string;
  /** Faults by field, where there are several. */
  problems?: Problem[];
  cause?: unknown;
}

abstract class CodedError extends Error {
  readonly hint: string | undefined;
  readonly line: string | undefined;
  readonly problems: Problem[];

  constructor(
    readonly code: string,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.hint = details.hint;
    this.line = details.line;
    this.problems = details.problems ?? [];
  }
}

/** The user's failure: a bad Dockerfile, a missing branch, an unhealthy app. Never retried. */
export class UserError extends CodedError {
  override readonly name = 'UserError';
}

/** The world's failure: network, engine, database. Worth retrying. */
export class WorldError extends CodedError {
  override readonly name = 'WorldError';
}

/** What a file that could not be written for want of space means, whoever was writing; null for any other error. */
export function diskFull(error: unknown): WorldError | null {
  if (!(error instanceof Error)) return null;
  const { code, cause } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return diskFull(cause);
  return new WorldError('disk_full', 'The worker\u2019s disk is full.', {
    hint: 'Free some space on the disk of the data folder, then deploy again.',
    cause: error,
  });
}

/** True for an abort, in whichever of its forms Node and libraries raise it. */
export function isAbort(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || (error as NodeJS.ErrnoException).code === 'ABORT_ERR')
  );
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
