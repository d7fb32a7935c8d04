import { holds } from '@pierhead/model';
import { eachInside, type Plan } from './config-plan.js';
import { copyJson } from './copy-json.js';
import { normalized } from './normalize.js';

type Config = Record<string, unknown>;

/** Fills in defaults, normalises texts and drops what a form would not show, in place. */
export function settle(plan: Plan, config: Config): void {
  for (const { key, value } of plan.defaults) if (config[key] === undefined) config[key] = ownCopy(value);
  for (const { key, steps } of plan.normalized) {
    const value = config[key];
    if (typeof value === 'string') config[key] = normalized(value, steps);
  }
  for (const { key, visibleWhen } of plan.conditional) if (!holds(visibleWhen, config)) delete config[key];
  eachInside(plan, config, '', settle);
}

const ownCopy = (value: unknown) => (typeof value === 'object' ? copyJson(value).copy : value);
