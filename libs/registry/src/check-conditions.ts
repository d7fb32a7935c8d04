import { type Condition, comparisons } from '@pierhead/model';
import type { Fault } from './check-keywords.js';
import { fieldsIn } from './condition-fields.js';
import { isPlainObject } from './copy-json.js';

const deepest = 8;

/** Whether something is a condition over the fields `known`, with the paths of what is not. */
export function checkCondition(condition: unknown, path: string, known: (key: string) => boolean, depth = 0): Fault[] {
  if (!isPlainObject(condition)) return [{ path, message: 'A condition is an object.' }];
  if (depth > deepest) return [{ path, message: 'The conditions are nested too deeply.' }];
  const inner = (each: unknown, at: string) => checkCondition(each, at, known, depth + 1);
  const kind = ['all', 'any', 'not', 'equals', 'in', 'present', 'compare'].filter((key) => key in condition);
  if (kind.length !== 1) return [{ path, message: unknownKind }];
  const [key = ''] = kind;
  const value = condition[key];
  if (key === 'not') return [...surplus(condition, ['not'], path), ...inner(value, `${path}/not`)];
  if (key === 'all' || key === 'any') {
    if (!Array.isArray(value) || value.length === 0)
      return [{ path: `${path}/${key}`, message: 'Here is a list of conditions.' }];
    return [
      ...surplus(condition, [key], path),
      ...value.flatMap((each, index) => inner(each, `${path}/${key}/${index}`)),
    ];
  }
  return checkComparison(condition, key, path, known);
}

const unknownKind = 'A condition has one of equals, in, present and compare with a field, or all, any or not.';

function checkComparison(
  condition: Record<string, unknown>,
  key: string,
  path: string,
  known: (key: string) => boolean,
): Fault[] {
  const named = key === 'compare' ? ['field', 'to'] : ['field'];
  return [
    ...surplus(condition, [...named, key], path),
    ...named.flatMap((name) => checkNamed(condition[name], `${path}/${name}`, known)),
    ...(values[key]!(condition[key]) ? [] : [{ path: `${path}/${key}`, message: wanted[key]! }]),
  ];
}

const isScalar = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value);

const values: Record<string, (value: unknown) => boolean> = {
  equals: isScalar,
  in: (value) => Array.isArray(value) && value.length > 0 && value.every(isScalar),
  present: (value) => typeof value === 'boolean',
  compare: (value) => comparisons.some((each) => each === value),
};

const wanted: Record<string, string> = {
  equals: 'equals takes a text, a number, true, false or null.',
  in: 'in takes a list of texts, numbers, true, false or null.',
  present: 'present is true or false.',
  compare: `compare is one of ${comparisons.join(' ')}.`,
};

function checkNamed(key: unknown, path: string, known: (key: string) => boolean): Fault[] {
  if (typeof key === 'string' && known(key)) return [];
  return [{ path, message: `This names ${JSON.stringify(key)?.slice(0, 100)}, which is no field beside this one.` }];
}

function surplus(condition: Record<string, unknown>, allowed: readonly string[], path: string): Fault[] {
  const keys = Object.keys(condition).filter((key) => !allowed.includes(key));
  return keys.map((key) => ({ path: `${path}/${key}`, message: 'A condition has no such part.' }));
}

/** The fields whose visibility depends on itself, directly or through others. */
export function circular(conditions: ReadonlyMap<string, Condition>): string[] {
  const reaches = (from: string, target: string, seen: Set<string>): boolean => {
    const condition = conditions.get(from);
    if (!condition || seen.has(from)) return false;
    seen.add(from);
    return fieldsIn(condition).some((key) => key === target || reaches(key, target, seen));
  };
  return [...conditions.keys()].filter((key) => reaches(key, key, new Set()));
}
