import { readFile, stat } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import ignoring from '@balena/dockerignore';
import { UserError } from '@pierhead/model';
import { resolveInside } from './resolve-inside.js';

/** Whether a path, relative to the context, stays out of the build. */
export type Ignores = (path: string) => boolean;

const maxBytes = 65_536;
const maxPatterns = 200;
const maxWildcards = 5;
const maxDepth = 64;
const budgetMs = 2_000;

// A pattern such as *a*a*a*a*b is hostile to a backtracking matcher: let V8 fall back to its linear one.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

/** The rules of `<Dockerfile>.dockerignore`, else of the context's `.dockerignore`; null without either. */
export async function readIgnoreRules(source: string, context: string, dockerfile: string): Promise<Ignores | null> {
  for (const path of [`${dockerfile}.dockerignore`, `${context}/.dockerignore`]) {
    const file = await resolveInside(source, path);
    const found = file === null ? null : await stat(file);
    if (!file || !found?.isFile()) continue;
    if (found.size > maxBytes) throw invalid(path, 'it is larger than 64 KiB');
    return ignoreRules(await readFile(file, 'utf8'), path);
  }
  return null;
}

/** Compiles the text of a `.dockerignore`. A folder that an exception may reach into is never ignored as a whole. */
export function ignoreRules(text: string, path = '.dockerignore'): Ignores {
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .map((line) => escapePattern(line.trim()));
  const exceptions = patterns.filter((line) => line.startsWith('!')).map((line) => line.slice(1).trim().split('/'));
  if (patterns.length > maxPatterns) throw invalid(path, `it has more than ${maxPatterns} patterns`);
  const wild = patterns.find((pattern) => (pattern.match(/\*+/g)?.length ?? 0) > maxWildcards);
  if (wild) throw invalid(path, `${wild.slice(0, 100)} has more than ${maxWildcards} wildcards`);
  try {
    const rules = ignoring.default({ ignorecase: false }).add(patterns);
    rules.ignores('compile every rule now');
    return withinBudget(path, (name) => {
      const segments = name.split('/');
      if (segments.length > maxDepth || !rules.ignores(name)) return false;
      return !exceptions.some((exception) => mayReach(exception, segments));
    });
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error));
  }
}

/** Patterns and file names are both the user's: together they get a few seconds at most. */
function withinBudget(path: string, ignores: Ignores): Ignores {
  let spent = 0;
  return (name) => {
    if (spent > budgetMs) throw invalid(path, 'its patterns take too long');
    const begun = performance.now();
    const answer = ignores(name);
    spent += performance.now() - begun;
    return answer;
  };
}

const invalid = (path: string, reason: string) =>
  new UserError('dockerignore_invalid', `${path} cannot be read: ${reason}`, { hint: 'Correct the patterns.' });

/** Docker's patterns know `*`, `?` and `[…]` only; the matcher would take the rest for its own. */
const escapePattern = (pattern: string) =>
  pattern.replace(/\\.|\[\^?[^\][\\]+\]|[(){}+|^[\]]/g, (part) => (part.length === 1 ? `\\${part}` : part));

function mayReach(exception: string[], path: string[]): boolean {
  const segments = exception[0] === '' ? exception.slice(1) : exception;
  if (segments.includes('**')) return true;
  if (path.length >= segments.length) return false;
  return path.every((name, index) => segments[index] === name || /[*?[\\]/.test(segments[index] ?? ''));
}
