import type { ConfigSchema } from '@pierhead/model';

/** The keys of a config's secret fields, `parent.child` inside an object. Entries of lists hold none. */
export const secretKeys = (schema: ConfigSchema | null): string[] =>
  schema?.fields.filter((field) => field.secret).map((field) => field.key) ?? [];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy of a config with `{ secret: true }` in the place of every secret that is set. */
export function maskSecrets(config: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  const masked = (value: unknown, path: string): unknown => {
    if (keys.includes(path)) return { secret: true };
    return isObject(value) ? inside(value, `${path}.`) : value;
  };
  const inside = (object: Record<string, unknown>, prefix: string) =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, masked(value, `${prefix}${key}`)]));
  return inside(config, '');
}
