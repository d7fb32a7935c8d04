import { type DeploymentError, type StageName, UserError, WorldError } from '@pierhead/model';

/** What a deployment shows of the error that ended it. An unforeseen one says nothing of our insides. */
export function failureOf(error: unknown, stage: StageName | null): DeploymentError {
  if (error instanceof UserError || error instanceof WorldError) {
    return { code: error.code, stage, message: error.message, hint: error.hint ?? null, line: error.line ?? null };
  }
  return {
    code: 'internal_error',
    stage,
    message: 'Something unforeseen happened in Pierhead itself.',
    hint: 'The worker\u2019s log has the details under the deployment\u2019s id.',
    line: null,
  };
}

/** A deployment that ran longer than any may. */
export const deadlineExceeded = (minutes: number) =>
  new UserError('deadline_exceeded', `The deployment did not finish within ${minutes} minutes.`, {
    hint: 'Look at the log for the step that takes so long.',
  });
