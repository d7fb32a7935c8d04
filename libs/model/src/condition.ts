/** A rule over the other fields of a config. Conditions compose; the server enforces them as a form would. */
export type Condition =
  | { field: string; equals: unknown }
  | { field: string; in: readonly unknown[] }
  | { field: string; present: boolean }
  | { all: readonly Condition[] }
  | { any: readonly Condition[] }
  | { not: Condition };

/** Whether `condition` holds for `config`. */
export function holds(condition: Condition, config: Record<string, unknown>): boolean {
  if ('all' in condition) return condition.all.every((each) => holds(each, config));
  if ('any' in condition) return condition.any.some((each) => holds(each, config));
  if ('not' in condition) return !holds(condition.not, config);
  const value = Object.hasOwn(config, condition.field) ? config[condition.field] : undefined;
  if ('equals' in condition) return value === condition.equals;
  if ('in' in condition) return condition.in.includes(value);
  return (value !== undefined && value !== '') === condition.present;
}
