import type { Problem } from './errors.js';
import { pointer } from './json-pointer.js';
import type { TLocalizedValidationError } from './typebox.js';

type SchemaError = TLocalizedValidationError;

export interface Wording {
  /** How a message calls the value at a path. */
  nameOf(path: string): string;
  /** What an author says a value must look like, where a pattern refused it. */
  patternHint?(path: string): string | undefined;
}

/** What the errors of a compiled TypeBox schema mean: stable codes, JSON Pointers, messages without values. */
export function schemaProblems(errors: readonly SchemaError[], wording: Wording): Problem[] {
  const problems = withoutBranches(errors).flatMap((error) => problemsOf(error, wording));
  return withoutShadowed(problems);
}

/** A union reports every branch that did not fit; only the union itself says something to its reader. */
function withoutBranches(errors: readonly SchemaError[]): SchemaError[] {
  const unions = new Set(errors.filter(isUnion).map((error) => `${error.schemaPath}/${error.keyword}/`));
  return errors.filter((error) => ![...unions].some((prefix) => error.schemaPath.startsWith(prefix)));
}

const isUnion = (error: SchemaError) => error.keyword === 'anyOf' || error.keyword === 'oneOf';

const decisive = new Set(['required', 'type', 'unknown_key', 'too_long', 'bad_key']);

/** Where a value is of the wrong type or far too long, what else is wrong with it does not matter. */
function withoutShadowed(problems: readonly Problem[]): Problem[] {
  const first = new Map<string, Problem>();
  for (const problem of problems) {
    if (decisive.has(problem.code) && !first.has(problem.path)) first.set(problem.path, problem);
  }
  return problems.filter((problem) => (first.get(problem.path) ?? problem) === problem);
}

function problemsOf(error: SchemaError, wording: Wording): Problem[] {
  const path = error.instancePath;
  const name = wording.nameOf(path);
  const at = (code: string, message: string) => [{ path, code, message }];
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((key) => required(path + pointer(key), wording));
    case 'additionalProperties':
      return [];
    case 'propertyNames':
      return error.params.propertyNames.map((key) => badKey(path + pointer(key), name));
    case 'type':
      return at('type', `${name} must be ${kindOf(error.params.type)}.`);
    case 'pattern':
      return inKeys(error) ? [] : at('pattern', patternMessage(name, wording.patternHint?.(path)));
    case 'format':
      return at('format', `${name} must be ${formats[error.params.format] ?? `a valid ${error.params.format}`}.`);
    case 'enum':
      return at('not_an_option', `${name} must be one of ${list(error.params.allowedValues)}.`);
    case 'const':
      return at('not_an_option', `${name} must be ${list([error.params.allowedValue])}.`);
    case 'minLength':
      return at('too_short', `${name} must have at least ${error.params.limit} characters.`);
    case 'maxLength':
      return at('too_long', `${name} must have at most ${error.params.limit} characters.`);
    case 'minItems':
    case 'minProperties':
      return at('too_few', `${name} must have at least ${error.params.limit} entries.`);
    case 'maxItems':
    case 'maxProperties':
      return at('too_many', `${name} must have at most ${error.params.limit} entries.`);
    case 'uniqueItems':
      return at('duplicate', `${name} must not have the same entry twice.`);
    case 'minimum':
    case 'exclusiveMinimum':
      return at('minimum', `${name} must be ${comparison(error.params)}.`);
    case 'maximum':
    case 'exclusiveMaximum':
      return at('maximum', `${name} must be ${comparison(error.params)}.`);
    case 'multipleOf':
      return at('multiple_of', `${name} must be a multiple of ${error.params.multipleOf}.`);
    case 'boolean':
      return error.schemaPath.endsWith('/additionalProperties') ? [unknownKey(path)] : [];
    default:
      return at(isUnion(error) ? 'type' : 'invalid', `${name} has none of the forms that are allowed here.`);
  }
}

/** A value that is missing. */
export const required = (path: string, wording: Wording): Problem => ({
  path,
  code: 'required',
  message: `${wording.nameOf(path)} is required.`,
});

const unknownKey = (path: string): Problem => ({
  path,
  code: 'unknown_key',
  message: 'There is no such key here; remove it or correct its name.',
});

const badKey = (path: string, name: string): Problem => ({
  path,
  code: 'bad_key',
  message: `${name} has a key with characters that are not allowed in a key, or that is too long.`,
});

const inKeys = (error: SchemaError) => error.schemaPath.endsWith('/propertyNames');

const patternMessage = (name: string, hint: string | undefined) =>
  hint ? `${name}: ${hint}` : `${name} has characters or a form that are not allowed.`;

const comparison = ({ comparison, limit }: { comparison: string; limit: unknown }) =>
  `${words[comparison] ?? comparison} ${limit}`;

const words: Record<string, string> = { '>=': 'at least', '<=': 'at most', '>': 'more than', '<': 'less than' };

const list = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(', ');

const kindOf = (type: string | readonly string[]) =>
  (typeof type === 'string' ? [type] : type).map((each) => kinds[each] ?? each).join(' or ');

const kinds: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

const formats: Record<string, string> = {
  uri: 'an absolute URL such as https://example.com/path',
  uuid: 'a UUID',
  'date-time': 'a time such as 2026-01-31T12:00:00Z',
};
