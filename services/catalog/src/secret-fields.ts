import type { ConfigSchema } from '@pierhead/model';

type Config = Record<string, unknown>;

interface Keywords {
  properties?: Record<string, Keywords>;
  items?: Keywords;
  ui?: { type?: string };
}

/** The keys of a config's secret fields, `parent.child` inside an object. Entries of lists hold none. */
export const secretKeys = (schema: ConfigSchema | null): string[] =>
  schema?.fields.filter((field) => field.secret).map((field) => field.key) ?? [];

const hidden = { secret: true };
const mapped = (map: Config) => Object.fromEntries(Object.keys(map).map((name) => [name, hidden]));
const isObject = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What may be shown of a config, valid or not: `{ secret: true }` in the place of every secret that is set, and nothing
 * where its schema has no place, because that may be a secret under a wrong name. Of a map of secrets the names stay.
 * @param more keys of other secrets
 */
export function shownConfig(config: Config, schema: ConfigSchema, more: readonly string[] = []): Config {
  const secrets = new Set([...secretKeys(schema), ...more]);
  const shown = (value: unknown, { properties, items, ui }: Keywords, path: string): unknown => {
    if (secrets.has(path)) return ui?.type === 'keyvalue' && isObject(value) ? mapped(value) : hidden;
    if (properties) return isObject(value) ? inside(value, properties, `${path}.`) : undefined;
    if (!items?.properties) return value;
    return Array.isArray(value) ? value.map((entry) => shown(entry, items, `${path}[]`) ?? null) : undefined;
  };
  const inside = (object: Config, properties: Record<string, Keywords>, prefix: string) => {
    const known = Object.entries(object).filter(([key]) => Object.hasOwn(properties, key));
    const entries = known.map(([key, value]) => [key, shown(value, properties[key]!, prefix + key)]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  };
  return inside(config, (schema.jsonSchema as Keywords).properties ?? {}, '');
}
