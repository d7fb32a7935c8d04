import { messageOf, pointer } from '@pierhead/model';
import { isSafe } from 'redos-detector';
import type { Fault } from './check-keywords.js';
import { isPlainObject } from './copy-json.js';
import type { SubSchema } from './sub-schemas.js';

const longest = 2_000;
/** How much a pattern may backtrack, and how long the search for that goes on; what it cannot decide is refused. */
const limits = { maxScore: 200, maxSteps: 5_000 };

/** Whether the patterns of one schema can be compiled and, if asked, whether hostile texts can keep them busy. */
export function checkPatterns({ path, schema }: SubSchema, how: { slowPatterns?: boolean }): Fault[] {
  const { pattern, patternProperties } = schema;
  const faults: Fault[] = [];
  const check = (pattern: unknown, at: string) => {
    const message = faultOf(pattern, how.slowPatterns ?? false);
    if (message !== null) faults.push({ path: path + at, message });
  };
  if (pattern !== undefined) check(pattern, '/pattern');
  if (!isPlainObject(patternProperties)) return faults;
  for (const key of Object.keys(patternProperties)) check(key, `/patternProperties${pointer(key)}`);
  return faults;
}

function faultOf(pattern: unknown, slowPatterns: boolean): string | null {
  if (typeof pattern !== 'string') return 'A pattern must be text.';
  if (pattern.length > longest) return `A pattern must have at most ${longest} characters.`;
  return compileFaultOf(pattern) ?? (slowPatterns && isSlow(pattern) ? slow : null);
}

const slow =
  'A hostile text could keep this pattern busy for very long, or that cannot be ruled out. Anchor it with ^ and $, and let no two repetitions beside or inside each other match the same characters.';

function compileFault(pattern: string): string | null {
  try {
    new RegExp(pattern, 'u');
    return null;
  } catch (error) {
    return `The pattern cannot be compiled: ${messageOf(error)}`;
  }
}

/** Once for each pattern: most fields have one of a few. */
function remembered<T>(judge: (pattern: string) => T): (pattern: string) => T {
  const verdicts = new Map<string, T>();
  return (pattern) => {
    const known = verdicts.get(pattern);
    if (known !== undefined) return known;
    const verdict = judge(pattern);
    if (verdicts.size < 10_000) verdicts.set(pattern, verdict);
    return verdict;
  };
}

const compileFaultOf = remembered(compileFault);
const isSlow = remembered((pattern) => {
  try {
    return !isSafe(new RegExp(pattern, 'u'), limits).safe;
  } catch {
    // The analyser does not know every construct that the engine compiles.
    return true;
  }
});
