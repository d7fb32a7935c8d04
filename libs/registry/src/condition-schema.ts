import type { Condition } from '@pierhead/model';

type JsonSchema = Record<string, unknown>;

/** The JSON Schema that an object fits when the condition holds; null where JSON Schema cannot say it: `compare`. */
export function conditionSchema(condition: Condition): JsonSchema | null {
  if ('all' in condition) return combined('allOf', condition.all);
  if ('any' in condition) return combined('anyOf', condition.any);
  if ('not' in condition) return inverse(conditionSchema(condition.not));
  if ('compare' in condition) return null;
  if ('equals' in condition) return having(condition.field, { const: condition.equals });
  if ('in' in condition) return having(condition.field, { enum: [...condition.in] });
  return condition.present ? given(condition.field) : inverse(given(condition.field));
}

/** A value is there, and it is not the empty text. */
export const given = (key: string): JsonSchema => having(key, { not: { const: '' } });

const having = (key: string, schema: JsonSchema): JsonSchema => ({ required: [key], properties: { [key]: schema } });

const inverse = (schema: JsonSchema | null) => schema && { not: schema };

function combined(keyword: string, conditions: readonly Condition[]): JsonSchema | null {
  const schemas = conditions.map(conditionSchema);
  return schemas.includes(null) ? null : { [keyword]: schemas };
}
