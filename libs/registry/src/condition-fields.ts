import type { Condition } from '@pierhead/model';

/** The keys that a condition looks at, each once. */
export function fieldsIn(condition: Condition): string[] {
  return [...new Set(keysIn(condition))];
}

function keysIn(condition: Condition): string[] {
  if ('all' in condition) return condition.all.flatMap(keysIn);
  if ('any' in condition) return condition.any.flatMap(keysIn);
  if ('not' in condition) return keysIn(condition.not);
  return 'compare' in condition ? [condition.field, condition.to] : [condition.field];
}

/** The same condition over the fields of an object that stands deeper: `a` becomes `parent.a`. */
export function withPrefix(condition: Condition, prefix: string): Condition {
  if ('all' in condition) return { all: condition.all.map((each) => withPrefix(each, prefix)) };
  if ('any' in condition) return { any: condition.any.map((each) => withPrefix(each, prefix)) };
  if ('not' in condition) return { not: withPrefix(condition.not, prefix) };
  const named = { ...condition, field: `${prefix}${condition.field}` };
  return 'to' in named ? { ...named, to: `${prefix}${named.to}` } : named;
}
