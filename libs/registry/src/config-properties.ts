import type { FieldUi, Group, TObject, TSchema } from '@pierhead/model';

/** The keywords of a property's schema, as its author wrote them. */
export interface Keywords {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  patternHint?: string;
  properties?: Record<string, Keywords>;
  required?: readonly string[];
  items?: Keywords;
  additionalProperties?: unknown;
  groups?: readonly Group[];
  ui?: FieldUi;
}

export const keywordsOf = (schema: TObject | TSchema): Keywords => schema;

/** The properties of a schema in the order of their declaration. */
export const propertiesOf = (schema: Keywords) => Object.entries(schema.properties ?? {});

/** A plain object inside a config; its own properties become fields, it does not. */
export const isNested = (schema: Keywords) => schema.properties !== undefined && schema.ui === undefined;

/** Whether a value must be given whatever the rest of the config says. */
export function isAlwaysRequired(parent: Keywords, key: string, schema: Keywords): boolean {
  if (schema.default !== undefined || schema.ui?.visibleWhen || schema.ui?.requiredWhen) return false;
  return isDeclaredRequired(parent, key);
}

export const isDeclaredRequired = (parent: Keywords, key: string) => parent.required?.includes(key) ?? false;
