import type { Condition, FieldUi, Group, Rule, TObject } from '@pierhead/model';

/** The keywords of a property's schema, as its author wrote them. */
export interface Keywords {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  patternHint?: string;
  properties?: Record<string, Keywords>;
  required?: readonly string[];
  items?: Keywords;
  additionalProperties?: unknown;
  allOf?: readonly unknown[];
  groups?: readonly Group[];
  rules?: readonly Rule[];
  ui?: FieldUi;
}

const longestPatterned = 1_000;

/** The schema as plain JSON of its own; what has a pattern has a greatest length too. */
export function plainSchema(schema: TObject): Keywords {
  return JSON.parse(JSON.stringify(schema), (_key, value) => {
    const lacksLimit = typeof value?.pattern === 'string' && value.type === 'string' && value.maxLength === undefined;
    return lacksLimit ? { ...value, maxLength: longestPatterned } : value;
  });
}

/** The properties of a schema in the order of their declaration. */
export const propertiesOf = (schema: Keywords) => Object.entries(schema.properties ?? {});

/** A plain object inside a config; its own properties become fields, it does not. */
export const isNested = (schema: Keywords) => schema.properties !== undefined && schema.ui === undefined;

/** Whether a list holds objects, whose properties become fields of each entry. */
export const hasEntries = ({ items }: Keywords) => items?.properties !== undefined;

/** When a value must be given: always, never, or while a condition holds. A hidden field is never needed. */
export function neededWhen(parent: Keywords, key: string, schema: Keywords): boolean | Condition {
  const { visibleWhen, requiredWhen } = schema.ui ?? {};
  if (requiredWhen) return visibleWhen ? { all: [visibleWhen, requiredWhen] } : requiredWhen;
  if (schema.default !== undefined || !parent.required?.includes(key)) return false;
  return visibleWhen ?? true;
}
