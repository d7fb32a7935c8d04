import { conditionSchema, given } from './condition-schema.js';
import { type Keywords, neededWhen, propertiesOf } from './config-properties.js';

/** Objects refuse unknown keys, and only what must always be given is `required`. Conditions are left out. */
export function closedSchema(schema: Keywords): Keywords {
  return everyObject(schema, close);
}

/**
 * The closed schema with the conditions under which fields are required, as `if` and `then`. Those that `compare` two
 * fields are left out: JSON Schema has no words for them.
 */
export function wireSchema(schema: Keywords): Keywords {
  return everyObject(schema, (object) => {
    const allOf = [...(object.allOf ?? []), ...conditionsOf(object)];
    return { ...close(object), ...(allOf.length > 0 && { allOf }) };
  });
}

/** A copy in which every object with properties, however deep, went through `change`. */
function everyObject(schema: Keywords, change: (object: Keywords) => Keywords): Keywords {
  const inside = { ...schema, ...(schema.items && { items: everyObject(schema.items, change) }) };
  if (!schema.properties) return inside;
  const properties = propertiesOf(schema).map(([key, child]) => [key, everyObject(child, change)]);
  return { ...change(inside), properties: Object.fromEntries(properties) };
}

const close = (object: Keywords): Keywords => ({
  ...object,
  required: propertiesOf(object).flatMap(([key, child]) => (neededWhen(object, key, child) === true ? [key] : [])),
  additionalProperties: object.additionalProperties ?? false,
});

function conditionsOf(object: Keywords): unknown[] {
  return propertiesOf(object).flatMap(([key, child]) => {
    const when = neededWhen(object, key, child);
    if (typeof when === 'boolean') return when && mayBeBlank(child) ? [given(key)] : [];
    const asked = conditionSchema(when);
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
    return asked ? [{ if: asked, then: given(key) }] : [];
  });
}

const mayBeBlank = ({ type, minLength = 0 }: Keywords) => type === undefined || (type === 'string' && minLength === 0);
