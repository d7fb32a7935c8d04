import { holds, type Problem, pointer, required, type Wording } from '@pierhead/model';
import { eachInside, type Plan } from './config-plan.js';

type Config = Record<string, unknown>;

/** What a JSON Schema does not say of fields: conditions, blank texts, and URLs that cannot be parsed. */
export function fieldProblems(plan: Plan, config: Config, wording: Wording): Problem[] {
  const problems: Problem[] = [];
  const visit = (plan: Plan, config: Config, path: string) => {
    for (const { key, at, when } of plan.needed) {
      if (isGiven(config[key]) || (when !== true && !holds(when, config))) continue;
      problems.push(required(path + at, wording));
    }
    for (const { key, at } of plan.urls) if (isBadUrl(config[key])) problems.push(badUrl(path + at, wording));
    eachInside(plan, config, path, visit);
  };
  visit(plan, config, '');
  return problems;
}

const isGiven = (value: unknown) => value !== undefined && value !== '';

const isBadUrl = (value: unknown) => typeof value === 'string' && value !== '' && !URL.canParse(value);

const badUrl = (path: string, wording: Wording): Problem => ({
  path,
  code: 'format',
  message: `${wording.nameOf(path)} must be an absolute URL such as https://example.com/path.`,
});

/** Breaches of the rules between fields, where the fields themselves are shown and have no fault of their own. */
export function ruleProblems(plan: Plan, config: Config, faults: readonly Problem[]): Problem[] {
  const faulty = new Set(faults.flatMap(({ path }) => pathsTo(path)));
  const hidden = (plan: Plan, config: Config) =>
    new Set(plan.conditional.filter((field) => !holds(field.visibleWhen, config)).map(({ key }) => key));
  const problems: Problem[] = [];
  const visit = (plan: Plan, config: Config, path: string) => {
    const unseen = plan.rules.length > 0 ? hidden(plan, config) : new Set();
    for (const { assert, field, message, named } of plan.rules) {
      const applies = named.every((key) => !unseen.has(key) && !faulty.has(path + pointer(key)));
      if (applies && !holds(assert, config)) problems.push({ path: path + pointer(field), code: 'rule', message });
    }
    eachInside(plan, config, path, visit);
  };
  visit(plan, config, '');
  return problems;
}

/** The path and those of everything around it. */
function pathsTo(path: string): string[] {
  const parts = path.split('/').slice(1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
