import { problemResponses } from '@pierhead/http';
import { Id } from '@pierhead/model';
import { Type } from 'typebox';

export const idParams = Type.Object({ id: Id });

/** The responses of every route beside its own. */
export const problems = problemResponses;
