import { isUnreachable } from '@pierhead/database';
import {
  type DeploymentError,
  diskFull,
  type SecretMask,
  type StageName,
  type Timeouts,
  UserError,
  WorldError,
} from '@pierhead/model';

const loneSurrogate = /\p{Surrogate}/gu;

/** A fault outside of the deployment, which may have passed by the next attempt; null for any other error. */
export function worldFault(error: unknown): WorldError | null {
  if (error instanceof WorldError) return error;
  if (!isUnreachable(error)) return diskFull(error);
  return new WorldError('database_unavailable', 'The database could not be reached.', {
    hint: 'Look at PostgreSQL and the network between it and the worker, then deploy again.',
    cause: error,
  });
}

/** What a deployment shows of the error that ended it, without its secrets. An unforeseen one says nothing of our insides. */
export function failureOf(error: unknown, stage: StageName | null, secrets?: SecretMask): DeploymentError {
  if (error instanceof UserError || error instanceof WorldError) {
    const [message = '', hint = null, line = null] = [error.message, error.hint, error.line].map((text) =>
      storable(text && secrets ? secrets.mask(text) : text),
    );
    return { code: error.code, stage, message, hint, line };
  }
  return {
    code: 'internal_error',
    stage,
    message: 'Something unforeseen happened in Pierhead itself.',
    hint: 'The worker\u2019s log has the details under the deployment\u2019s id.',
    line: null,
  };
}

/** PostgreSQL's JSON has neither NUL nor half a character; what an app wrote may have both. */
const storable = (text: string | undefined) => text?.replaceAll('\0', '\ufffd').replace(loneSurrogate, '\ufffd');

/** A stage, or the whole deployment, that took longer than it may. */
export const deadlineExceeded = (what: string, seconds: number, field: keyof Timeouts) =>
  new UserError('deadline_exceeded', `${what} did not finish within ${seconds} s.`, {
    hint: `Look at the log for the step that takes so long, or raise delivery.timeouts.${field} of the service.`,
  });
