import { ApiError, type Command, type Deployment, UnreachableError } from '@pierhead/client';
import { ConfigError } from '@pierhead/config';
import { printable } from './printable.js';
import { tokenHint } from './token-hint.js';

/** A failure as a user reads it. */
interface Failure {
  code: string;
  detail: string;
  errors?: readonly { path: string; message: string }[];
  /** The line of source or output that caused it. */
  line?: string | null;
  hint?: string | null;
  requestId?: string | null;
}

/** A failure that the command itself found. */
export class CliError extends Error implements Failure {
  override readonly name = 'CliError';

  constructor(
    readonly code: string,
    readonly detail: string,
    readonly hint: string | null = null,
  ) {
    super(detail);
  }
}

/** A deployment that did not succeed. */
export class DeploymentFailure extends Error implements Failure {
  override readonly name = 'DeploymentFailure';
  readonly code: string;
  readonly detail: string;
  readonly line: string | null;
  readonly hint: string | null;

  constructor({ status, error }: Deployment) {
    super(error?.message ?? `The deployment was ${status}.`);
    this.detail = this.message;
    this.code = error?.code ?? status;
    this.line = error?.line ?? null;
    this.hint = error?.hint ?? null;
  }
}

/** A command that did not end by itself. */
export class CommandFailure extends Error implements Failure {
  override readonly name = 'CommandFailure';
  readonly code: string;
  readonly detail: string;
  readonly hint: string | null;

  constructor({ status, error }: Command) {
    super(error?.message ?? `The command was ${status}.`);
    this.detail = this.message;
    this.code = error?.code ?? status;
    this.hint = error?.hint ?? null;
  }
}

/** Tells on the standard error what went wrong, in one clear line and its details; the command exits with 1. */
export function reportFailure(error: unknown, json: boolean): void {
  const failure = failureOf(error);
  process.stderr.write(`${json ? JSON.stringify(fieldsOf(failure)) : textOf(failure)}\n`);
  process.exitCode = 1;
}

function failureOf(error: unknown): Failure {
  if (error instanceof CliError || error instanceof DeploymentFailure || error instanceof CommandFailure) return error;
  if (error instanceof ApiError) return { ...fieldsOf(error), hint: error.status === 401 ? tokenHint : null };
  if (error instanceof UnreachableError)
    return { code: error.code, detail: error.detail, hint: 'Start Pierhead, or set PIERHEAD_URL to where it runs.' };
  if (error instanceof ConfigError) return { code: 'invalid_environment', detail: error.message };
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: code ?? 'unexpected', detail: message };
}

const fieldsOf = ({ code, detail, errors, line, hint, requestId }: Failure): Failure => ({
  code,
  detail,
  ...(errors?.length ? { errors } : {}),
  ...(line ? { line } : {}),
  ...(hint ? { hint } : {}),
  ...(requestId ? { requestId } : {}),
});

function textOf({ code, detail, errors = [], line, hint }: Failure): string {
  return [
    `${code}: ${detail}`,
    ...errors.map(({ path, message }) => `  ${path || '/'}: ${message}`),
    ...(line ? [`  line: ${line}`] : []),
    ...(hint ? [`  hint: ${hint}`] : []),
  ]
    .map(printable)
    .join('\n');
}
