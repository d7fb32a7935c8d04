import { mapSealed, type Secrets } from '@pierhead/database';

/** A function that puts `{ secret: true }` in the place of every text that holds a secret of `stored`. */
export function hidingSecretsOf(stored: unknown, owner: string, secrets: Secrets): <T>(value: T) => T {
  const texts: string[] = [];
  mapSealed(stored, (sealed) => texts.push(secrets.open<unknown>(sealed, owner) as string));
  const known = texts.filter((text) => text !== '');
  const hide = (value: unknown): unknown => {
    if (typeof value === 'string') return known.some((text) => value.includes(text)) ? { secret: true } : value;
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hide(child)]));
  };
  return (value) => hide(value) as typeof value;
}
