import { type DeploymentError, messageOf, type StageName, UserError, WorldError } from '@pierhead/model';

/** What a deployment shows of the error that ended it. An unforeseen one says nothing of our insides. */
export function failureOf(error: unknown, stage: StageName | null): DeploymentError {
  if (error instanceof UserError || error instanceof WorldError) {
    return { code: error.code, stage, message: error.message, hint: error.hint ?? null, line: error.line ?? null };
  }
  return {
    code: 'internal_error',
    stage,
    message: `Something unforeseen happened: ${messageOf(error).slice(0, 500)}`,
    hint: 'This is a fault of Pierhead. The worker\u2019s log has the details.',
    line: null,
  };
}

/** A deployment that ran longer than any may. */
export const deadlineExceeded = (minutes: number) =>
  new UserError('deadline_exceeded', `The deployment did not finish within ${minutes} minutes.`, {
    hint: 'Look at the log for the step that takes so long.',
  });
