import type { Condition } from '@pierhead/model';

/** A condition as one reads it: `access` is "token". */
export function conditionWords(condition: Condition): string {
  if ('all' in condition) return condition.all.map(nested).join(' and ');
  if ('any' in condition) return condition.any.map(nested).join(' or ');
  if ('not' in condition) return `not (${conditionWords(condition.not)})`;
  const name = `\`${condition.field}\``;
  if ('compare' in condition) return `${name} ${condition.compare} \`${condition.to}\``;
  if ('equals' in condition) return `${name} is ${JSON.stringify(condition.equals)}`;
  if ('in' in condition) return `${name} is one of ${condition.in.map((each) => JSON.stringify(each)).join(', ')}`;
  return `${name} is ${condition.present ? 'given' : 'not given'}`;
}

const nested = (condition: Condition) =>
  'all' in condition || 'any' in condition ? `(${conditionWords(condition)})` : conditionWords(condition);
