import {
  Compile,
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
  const labels = new Map(described.fields.map((field) => [field.key, field.label]));
  return {
    nameOf(path) {
      const keys = pointerKeys(path);
      const length = keys.findIndex((_, index) => labels.has(keys.slice(0, index + 1).join('.'))) + 1;
      const label = labels.get(keys.slice(0, length).join('.'));
      const rest = keys.slice(length).join(' › ');
      if (!label) return rest || 'The config';
      return rest ? `${label} (${rest})` : label;
    },
    patternHint: (path) => schemaAt(schema, pointerKeys(path))?.patternHint,
  };
}

function schemaAt(schema: Keywords, keys: readonly string[]): Keywords | undefined {
  return keys.reduce<Keywords | undefined>((at, key) => at?.items ?? at?.properties?.[key], schema);
}
