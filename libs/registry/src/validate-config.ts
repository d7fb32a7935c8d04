import {
  Compile,
  type ConfigField,
  type ConfigSchema,
  type Problem,
  pointerKeys,
  schemaProblems,
  type TObject,
  type ValidationResult,
  type Wording,
} from '@pierhead/model';
import { planOf } from './config-plan.js';
import { type Keywords, plainSchema } from './config-properties.js';
import { copyJson, isPlainObject } from './copy-json.js';
import { deprecation, deprecations, immutableProblems } from './field-history.js';
import { fieldProblems, ruleProblems } from './field-problems.js';
import { withoutLongTexts } from './long-texts.js';
import { settle } from './settle-config.js';
import { closedSchema } from './wire-schema.js';

type Config = Record<string, unknown>;
/** `previous` is the stored config that immutable fields are held against. */
export type ValidateConfig = (config: unknown, previous?: unknown) => ValidationResult;

/** Compiles the validation of one config schema. The input is never changed, and nothing throws. */
export function configValidator(schema: TObject, described: ConfigSchema, deprecated?: string): ValidateConfig {
  const keywords = plainSchema(schema);
  const plan = planOf(keywords);
  const checks = Compile(closedSchema(keywords));
  const wording = wordingOf(keywords, described);
  const notice = deprecated === undefined ? [] : [deprecation('', described.title, deprecated)];

  const schemaFaults = (config: Config, own: readonly Problem[]): Problem[] => {
    const told = new Set(own.map(({ path }) => path));
    return schemaProblems(checks.Errors(config), wording).filter(({ path }) => !told.has(path));
  };

  const faultsOf = (config: Config): Problem[] => {
    const { problems: long, restore } = withoutLongTexts(plan, config, wording);
    const own = [...long, ...fieldProblems(plan, config, wording)];
    if (own.length === 0 && checks.Check(config)) return own;
    const faults = [...own, ...schemaFaults(config, own)];
    restore();
    return faults;
  };

  return (input, previous) => {
    const { copy, problems } = copyJson(input);
    if (problems.length > 0) return invalid(problems);
    if (!isPlainObject(copy)) return invalid([{ path: '', code: 'type', message: 'The config must be an object.' }]);
    settle(plan, copy);
    const faults = faultsOf(copy);
    const errors = [
      ...faults,
      ...ruleProblems(plan, copy, faults),
      ...immutableProblems(plan, copy, previous, wording),
    ];
    const warnings = [...notice, ...deprecations(plan, copy, wording)];
    return { valid: errors.length === 0, errors, warnings, config: copy };
  };
}

const invalid = (errors: Problem[]): ValidationResult => ({ valid: false, errors, warnings: [], config: {} });

/** Calls values by the labels of their fields: `Redirects (1 › from)`. */
function wordingOf(schema: Keywords, described: ConfigSchema): Wording {
  return {
    nameOf: (path) => nameIn(described.fields, pointerKeys(path)) || 'The config',
    patternHint: (path) => schemaAt(schema, pointerKeys(path))?.patternHint,
  };
}

type Named = Pick<ConfigField, 'key' | 'label' | 'items'>;

/** What a form calls a place: `Headers 2: Name` is the name in the second entry of the list of headers. */
function nameIn(fields: readonly Named[], keys: readonly string[]): string {
  const lengths = keys.map((_, index) => index + 1);
  const fieldAt = (length: number) => fields.find(({ key }) => key === keys.slice(0, length).join('.'));
  const length = lengths.find(fieldAt) ?? 0;
  const field = fieldAt(length);
  if (!field) return keys.join(' › ');
  const [entry, ...inside] = keys.slice(length);
  if (entry === undefined) return field.label;
  if (!/^\d+$/.test(entry)) return `${field.label} (${[entry, ...inside].join(' › ')})`;
  const name = `${field.label} ${Number(entry) + 1}`;
  return inside.length === 0 ? name : `${name}: ${nameIn(field.items ?? [], inside)}`;
}

function schemaAt(schema: Keywords, keys: readonly string[]): Keywords | undefined {
  return keys.reduce<Keywords | undefined>((at, key) => at?.items ?? at?.properties?.[key], schema);
}
