import { ConfigProblem, type Static, schemaProblems, type TSchema, Type, Value } from '@pierhead/model';
import type { IsolatedInstance } from './isolated-instance.js';
import { pluginError } from './sent-error.js';

const text = Type.String({ maxLength: 10_000 });
export const Problems = Type.Array(ConfigProblem, { maxItems: 1_000 });
export const Folders = Type.Array(text, { maxItems: 100 });
export const MaybeUnavailable = Type.Union([Type.Null(), Type.Object({ code: text, message: text, hint: text })]);

/** What a plugin has answered, held against what the contract says; throws UserError `plugin_failed`. */
export function checked<T extends TSchema>(
  { what }: IsolatedInstance,
  method: string,
  schema: T,
  answer: unknown,
): Static<T> {
  if (Value.Check(schema, answer)) return answer;
  const [problem] = schemaProblems(Value.Errors(schema, answer), { nameOf: (path) => path || 'the answer' });
  throw refused(what, method, problem?.message ?? 'the answer has another form than the contract asks for.');
}

export const refused = (what: string, method: string, message: string) =>
  pluginError('plugin_failed', `${what} broke the contract of ${method}: ${message}`);
