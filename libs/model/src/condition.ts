export const comparisons = ['<', '<=', '=', '!=', '>=', '>'] as const;
/** How two fields of a config compare; `to` names the other one. */
export type Comparison = (typeof comparisons)[number];

/** A rule over the other fields of a config. Conditions compose; the server enforces them as a form would. */
export type Condition =
  | { field: string; equals: unknown }
  | { field: string; in: readonly unknown[] }
  | { field: string; present: boolean }
  | { field: string; compare: Comparison; to: string }
  | { all: readonly Condition[] }
  | { any: readonly Condition[] }
  | { not: Condition };

/** What must hold between the fields of one object; a breach is told at `field`, one of them. */
export interface Rule {
  assert: Condition;
  field: string;
  message: string;
}

/** Whether `condition` holds for `config`. */
export function holds(condition: Condition, config: Record<string, unknown>): boolean {
  if ('all' in condition) return condition.all.every((each) => holds(each, config));
  if ('any' in condition) return condition.any.some((each) => holds(each, config));
  if ('not' in condition) return !holds(condition.not, config);
  const own = (key: string) => (Object.hasOwn(config, key) ? config[key] : undefined);
  const value = own(condition.field);
  if ('compare' in condition) return compares(value, condition.compare, own(condition.to));
  if ('equals' in condition) return value === condition.equals;
  if ('in' in condition) return condition.in.includes(value);
  return (value !== undefined && value !== '') === condition.present;
}

/** Numbers by size, texts by their code units; what is absent or of another type is neither smaller nor greater. */
function compares(left: unknown, comparison: Comparison, right: unknown): boolean {
  if (comparison === '=') return left === right;
  if (comparison === '!=') return left !== right;
  const bothNumbers = typeof left === 'number' && typeof right === 'number';
  const bothTexts = typeof left === 'string' && typeof right === 'string';
  if (!bothNumbers && !bothTexts) return false;
  if (comparison === '<') return left < right;
  if (comparison === '<=') return left <= right;
  return comparison === '>' ? left > right : left >= right;
}
