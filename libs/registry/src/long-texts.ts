import type { Problem, Wording } from '@pierhead/model';
import { eachInside, type Plan } from './config-plan.js';

type Config = Record<string, unknown>;

/**
 * Keeps texts that are far too long away from patterns, whose time may grow with the square of the length: they are
 * cut in place until `restore` is called.
 */
export function withoutLongTexts(
  plan: Plan,
  config: Config,
  wording: Wording,
): { problems: Problem[]; restore: () => void } {
  const problems: Problem[] = [];
  const cuts: (() => void)[] = [];
  const cut = <K extends string | number>(holder: Record<K, unknown>, key: K, path: string, limit: number) => {
    const value = holder[key];
    if (typeof value !== 'string' || value.length <= 2 * limit) return;
    problems.push(tooLong(path, limit, wording));
    cuts.push(() => Object.assign(holder, { [key]: value }));
    Object.assign(holder, { [key]: value.slice(0, limit) });
  };
  const visit = (plan: Plan, config: Config, path: string) => {
    for (const { key, at, maxLength } of plan.patterned) cut(config, key, path + at, maxLength);
    for (const { key, at, maxLength } of plan.patternedItems) {
      const list = config[key];
      if (Array.isArray(list)) for (const index of list.keys()) cut(list, index, `${path}${at}/${index}`, maxLength);
    }
    eachInside(plan, config, path, visit);
  };
  visit(plan, config, '');
  return { problems, restore: () => cuts.forEach((undo) => void undo()) };
}

/** A text has at most two code units for each of its characters, so these are too long however they are counted. */
const tooLong = (path: string, limit: number, wording: Wording): Problem => ({
  path,
  code: 'too_long',
  message: `${wording.nameOf(path)} must have at most ${limit} characters.`,
});
