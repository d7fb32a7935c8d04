import { problems as problemsOf } from '@pierhead/http';
import { Id } from '@pierhead/model';
import { Type } from 'typebox';

export const idParams = Type.Object({ id: Id });

/** The responses of every route beside its own. */
export const problems = problemsOf(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503);
