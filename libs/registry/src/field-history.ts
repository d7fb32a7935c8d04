import { isDeepStrictEqual } from 'node:util';
import type { Problem, Wording } from '@pierhead/model';
import { eachInside, type Plan } from './config-plan.js';
import { isPlainObject } from './copy-json.js';

type Config = Record<string, unknown>;

/** Fields that must stay as they were saved, and did not; what had no value before may get one. */
export function immutableProblems(plan: Plan, config: Config, previous: unknown, wording: Wording): Problem[] {
  return changesIn(plan, config, previous, '').map((path) => ({
    path,
    code: 'immutable',
    message: `${wording.nameOf(path)} cannot be changed once it is saved.`,
  }));
}

function changesIn(plan: Plan, config: unknown, previous: unknown, path: string): string[] {
  if (!isPlainObject(previous)) return [];
  const now = isPlainObject(config) ? config : {};
  const before = (key: string) => (Object.hasOwn(previous, key) ? previous[key] : undefined);
  const changed = plan.immutable.filter(
    ({ key }) => before(key) !== undefined && !isDeepStrictEqual(before(key), now[key]),
  );
  const inside = plan.nested.flatMap(({ key, at, plan }) => changesIn(plan, now[key], before(key), path + at));
  return [...changed.map(({ at }) => path + at), ...inside];
}

/** A warning for every field that is to be given up and has a value other than its default. */
export function deprecations(plan: Plan, config: Config, wording: Wording): Problem[] {
  const warnings: Problem[] = [];
  const visit = (plan: Plan, config: Config, path: string) => {
    for (const { key, at, text, schema } of plan.deprecated) {
      if (isSet(config[key], schema.default)) warnings.push(deprecation(path + at, wording.nameOf(path + at), text));
    }
    eachInside(plan, config, path, visit);
  };
  visit(plan, config, '');
  return warnings;
}

const isSet = (value: unknown, standard: unknown) =>
  value !== undefined && !isDeepStrictEqual(value, standard) && (value !== '' || standard !== undefined);

export const deprecation = (path: string, name: string, text: string): Problem => ({
  path,
  code: 'deprecated',
  message: `${name} is deprecated: ${text}`,
});
