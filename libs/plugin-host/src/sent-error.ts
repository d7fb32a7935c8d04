import { diskFull, type Problem, UserError, WorldError } from '@pierhead/model';
import { reasonOf } from './reason.js';

/** An error on its way between threads. */
export interface SentError {
  family: 'UserError' | 'WorldError' | null;
  code: string;
  message: string;
  hint?: string;
  line?: string;
  problems: Problem[];
}

const maxText = 10_000;
const maxProblems = 200;

/** `mask` takes secrets out of its texts. Known by its name and code: a plugin brings error classes of its own copy of the SDK. */
export function packError(error: unknown, mask = (text: string) => text): SentError {
  const textOf = (value: unknown) => (typeof value === 'string' ? mask(value).slice(0, maxText) : undefined);
  const packProblem = (problem: unknown): Problem => {
    const { path, code, message } = problem as Record<string, unknown>;
    return { path: textOf(path) ?? '', code: textOf(code) ?? 'invalid', message: textOf(message) ?? '' };
  };
  try {
    const { name, code, message, hint, line, problems } = error as Record<string, unknown>;
    const family = name === 'UserError' || name === 'WorldError' ? name : null;
    if (!family || typeof code !== 'string' || !/^[a-z][a-z0-9_]{0,63}$/.test(code)) throw error;
    const list = Array.isArray(problems) ? problems.slice(0, maxProblems).map(packProblem) : [];
    return { family, code, message: textOf(message) ?? code, hint: textOf(hint), line: textOf(line), problems: list };
  } catch {
    const full = diskFull(error);
    if (full) return { family: 'WorldError', code: full.code, message: full.message, hint: full.hint, problems: [] };
    return { family: null, code: 'plugin_failed', message: mask(reasonOf(error)), problems: [] };
  }
}

/** What was no error of the two families is the plugin's own fault; `what` names the plugin. */
export function unpackError({ family, code, message, problems, ...rest }: SentError, what: string): Error {
  if (family === 'WorldError') return new WorldError(code, message, { ...rest, problems });
  if (family === 'UserError') return new UserError(code, message, { ...rest, problems });
  return pluginError('plugin_failed', `${what} failed: ${message}`);
}

/** A fault of the plugin itself. Trying again would not help. */
export const pluginError = (code: string, message: string) =>
  new UserError(code, message, { hint: 'Tell the author of the plugin, or install another version of it.' });
