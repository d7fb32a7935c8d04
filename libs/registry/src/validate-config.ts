import {
  Compile,
  type ConfigSchema,
  holds,
  type Problem,
  pointer,
  pointerKeys,
  required,
  schemaProblems,
  type TObject,
  type ValidationResult,
  Value,
  type Wording,
} from '@pierhead/model';
import { isDeclaredRequired, isNested, type Keywords, keywordsOf, propertiesOf } from './config-properties.js';
import { copyJson, isPlainObject } from './copy-json.js';

type Config = Record<string, unknown>;
export type ValidateConfig = (config: unknown) => ValidationResult;

/** Compiles the validation of one config schema. The input is never changed, and nothing throws. */
export function configValidator(schema: TObject, described: ConfigSchema): ValidateConfig {
  const validator = Compile(described.jsonSchema);
  const keywords = keywordsOf(schema);
  const wording = wordingOf(keywords, described);

  return (input) => {
    const { copy, problems } = copyJson(input);
    if (problems.length > 0) return invalid(problems);
    if (!isPlainObject(copy)) return invalid([{ path: '', code: 'type', message: 'The config must be an object.' }]);
    const config = Value.Default(schema, copy) as Config;
    dropHidden(keywords, config);
    const own = fieldProblems(keywords, config, '', wording);
    const rest = schemaProblems(validator.Errors(config), wording);
    const errors = [...own, ...rest.filter((problem) => !own.some((each) => each.path === problem.path))];
    return { valid: errors.length === 0, errors, warnings: [], config };
  };
}

const invalid = (errors: Problem[]): ValidationResult => ({ valid: false, errors, warnings: [], config: {} });

/** Removes values whose fields are hidden, until no removal hides another one. */
function dropHidden(schema: Keywords, config: Config): void {
  const hidden = propertiesOf(schema).filter(([key, child]) => Object.hasOwn(config, key) && isHidden(child, config));
  for (const [key] of hidden) delete config[key];
  if (hidden.length > 0) dropHidden(schema, config);
  for (const [key, child] of propertiesOf(schema)) {
    const value = config[key];
    if (isNested(child) && isPlainObject(value)) dropHidden(child, value);
  }
}

const isHidden = ({ ui }: Keywords, config: Config) => ui?.visibleWhen !== undefined && !holds(ui.visibleWhen, config);

/** What a JSON Schema cannot say of fields: conditions, blank texts, and URLs that cannot be parsed. */
function fieldProblems(schema: Keywords, config: Config, path: string, wording: Wording): Problem[] {
  return propertiesOf(schema).flatMap(([key, child]) => {
    const value = Object.hasOwn(config, key) ? config[key] : undefined;
    const at = path + pointer(key);
    if (value === undefined || value === '') return isNeeded(schema, key, child, config) ? [required(at, wording)] : [];
    if (isNested(child)) return isPlainObject(value) ? fieldProblems(child, value, at, wording) : [];
    return isBadUrl(child, value) ? [badUrl(at, wording)] : [];
  });
}

function isNeeded(parent: Keywords, key: string, schema: Keywords, config: Config): boolean {
  if (isHidden(schema, config)) return false;
  if (schema.ui?.requiredWhen) return holds(schema.ui.requiredWhen, config);
  return schema.default === undefined && isDeclaredRequired(parent, key);
}

const isBadUrl = ({ ui }: Keywords, value: unknown) =>
  ui?.type === 'url' && typeof value === 'string' && !URL.canParse(value);

const badUrl = (path: string, wording: Wording): Problem => ({
  path,
  code: 'format',
  message: `${wording.nameOf(path)} must be an absolute URL such as https://example.com/path.`,
});

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
