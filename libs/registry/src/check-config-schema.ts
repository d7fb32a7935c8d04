import { type Condition, type Problem, pointer } from '@pierhead/model';
import { checkCondition, circular } from './check-conditions.js';
import { checkField } from './check-field.js';
import { checkKeywords, type Fault } from './check-keywords.js';
import { checkPatterns } from './check-patterns.js';
import { hasEntries, isNested, type Keywords, propertiesOf } from './config-properties.js';
import { copyJson, isPlainObject } from './copy-json.js';
import { type SubSchema, subSchemas } from './sub-schemas.js';

const limits = { depth: 8, properties: 500 };
const jsonLimits = { depth: 40, values: 20_000 };

/** Everything that is wrong with a config schema, in steps: each relies on what the one before has made sure of. */
export function checkConfigSchema(schema: unknown, how: { slowPatterns?: boolean }): Problem[] {
  const { copy, problems } = copyJson(schema, jsonLimits);
  if (problems.length > 0) return problems.map(({ path, message }) => problemOf({ path, message }));
  const root = copy as Record<string, unknown>;
  const all = subSchemas(root);
  const steps = [
    () => checkSize(all),
    () => all.flatMap((each) => [...checkKeywords(each), ...checkPatterns(each, how)]),
    () => checkObject(root as Keywords, { path: '', inEntry: false }),
  ];
  for (const step of steps) {
    const faults = step();
    if (faults.length > 0) return faults.map(problemOf);
  }
  return [];
}

const problemOf = ({ path, message }: Fault): Problem => ({ path, code: 'invalid_manifest', message });

function checkSize(all: readonly SubSchema[]): Fault[] {
  const properties = all.reduce((sum, { schema }) => sum + Object.keys(schema.properties ?? {}).length, 0);
  const tooDeep = all.find(({ depth }) => depth > limits.depth);
  return [
    ...(tooDeep ? [{ path: tooDeep.path, message: `A schema has at most ${limits.depth} levels.` }] : []),
    ...(properties > limits.properties
      ? [{ path: '/properties', message: `A schema has at most ${limits.properties} properties.` }]
      : []),
  ];
}

interface Place {
  path: string;
  inEntry: boolean;
}

function checkObject(schema: Keywords, { path, inEntry }: Place): Fault[] {
  const isBeside = isFieldOf(schema);
  const fields = propertiesOf(schema).flatMap(([key, child]) => {
    const at = `${path}/properties${pointer(key)}`;
    if (!isPlainObject(child)) return [{ path: at, message: 'A property is a schema.' }];
    if (!isGoodKey(key))
      return [{ path: at, message: 'A key has letters, digits and _ only, and is no name that every object has.' }];
    if (isNested(child)) return checkObject(child, { path: at, inEntry });
    const entries = hasEntries(child) ? checkObject(child.items!, { path: `${at}/items`, inEntry: true }) : [];
    return [...checkField(child, { path: at, isBeside, inEntry }), ...entries];
  });
  return [
    ...fields,
    ...checkGroups(schema, path),
    ...checkRules(schema, path),
    ...(fields.length > 0 ? [] : checkCircles(schema, path)),
  ];
}

/** An object inside is no field: a form has nothing to show for it, and nothing to ask it. */
const isFieldOf = (schema: Keywords) => (key: string) =>
  Object.hasOwn(schema.properties ?? {}, key) && !isNested(schema.properties![key]!);

/** Letters, digits and _; nothing that an object inherits, so that a config's own keys are all that it answers. */
const isGoodKey = (key: string) =>
  /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(key) && !(key in Object.prototype) && key !== 'prototype';

function checkGroups(schema: Keywords, path: string): Fault[] {
  const groups: unknown = schema.groups;
  if (groups === undefined) return [];
  const isGroup = (each: unknown) =>
    isPlainObject(each) && typeof each.id === 'string' && typeof each.label === 'string';
  if (Array.isArray(groups) && groups.every(isGroup)) return [];
  return [{ path: `${path}/groups`, message: 'Groups are a list, each with an id and a label.' }];
}

function checkRules(schema: Keywords, path: string): Fault[] {
  const rules: unknown = schema.rules;
  if (rules === undefined) return [];
  if (!Array.isArray(rules)) return [{ path: `${path}/rules`, message: 'Rules are a list.' }];
  return rules.flatMap((rule, index) => checkRule(rule, `${path}/rules/${index}`, schema));
}

function checkRule(rule: unknown, path: string, schema: Keywords): Fault[] {
  if (!isPlainObject(rule)) return [{ path, message: 'A rule is an object.' }];
  const isBeside = isFieldOf(schema);
  const unknown = Object.keys(rule).filter((key) => !['assert', 'field', 'message'].includes(key));
  const { assert, field, message } = rule;
  return [
    ...unknown.map((key) => ({ path: `${path}/${key}`, message: 'A rule has no such part.' })),
    ...checkCondition(assert, `${path}/assert`, isBeside),
    ...(typeof field === 'string' && isBeside(field)
      ? []
      : [{ path: `${path}/field`, message: 'A rule names a field beside it.' }]),
    ...(typeof message === 'string' && message
      ? []
      : [{ path: `${path}/message`, message: 'A rule needs a message.' }]),
  ];
}

function checkCircles(schema: Keywords, path: string): Fault[] {
  const conditions = new Map<string, Condition>();
  for (const [key, { ui }] of propertiesOf(schema)) if (ui?.visibleWhen) conditions.set(key, ui.visibleWhen);
  return circular(conditions).map((key) => ({
    path: `${path}/properties${pointer(key)}/ui/visibleWhen`,
    message: 'Whether this field is visible depends on itself.',
  }));
}
