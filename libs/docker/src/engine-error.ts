import { isAbort, messageOf, UserError, WorldError } from '@pierhead/model';

const goneCodes = new Set([
  'EACCES',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

const unavailableHint = 'Check that Docker runs and that DOCKER_HOST points to it.';

/** Awaits a call to the engine; whatever goes wrong becomes a WorldError, except an abort. */
export async function ask<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw engineError(error);
  }
}

/** The engine is gone, refuses, or fails; known by the kind of failure and never by its text. */
export function engineError(error: unknown): Error {
  if (error instanceof UserError || error instanceof WorldError) return error;
  if (error instanceof Error && isAbort(error)) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  const message = engineMessage(error);
  if (statusCode !== undefined) {
    const refused = statusCode < 500;
    return new WorldError(refused ? 'docker_refused' : 'docker_failed', `Docker said: ${message}`, { cause: error });
  }
  if (code !== undefined && goneCodes.has(code)) return engineGone(`Docker does not answer: ${message}`, error);
  return new WorldError('docker_failed', message, { cause: error });
}

export const engineGone = (message: string, cause?: unknown) =>
  new WorldError('docker_unavailable', message, { hint: unavailableHint, cause });

/** The HTTP status that the engine refused with, or null. */
export function statusOf(error: unknown): number | null {
  const from = error instanceof WorldError ? error.cause : error;
  const status = (from as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : null;
}

/** What the engine itself said, without what the client put around it. */
export function engineMessage(error: unknown): string {
  const from = error instanceof WorldError && error.cause ? error.cause : error;
  const said = (from as { json?: { message?: unknown } | null } | null)?.json?.message;
  return typeof said === 'string' ? said.trim() : messageOf(from).trim();
}
