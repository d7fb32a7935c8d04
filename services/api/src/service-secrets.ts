import {
  isSealed,
  mapSealed,
  type Sealed,
  type Secrets,
  type StoredConfig,
  type StoredVariables,
} from '@pierhead/database';
import { type Problem, pointer, type VariablesInput } from '@pierhead/model';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isMask = (value: unknown) => isObject(value) && value.secret === true && Object.keys(value).length === 1;

/** A key's own value: names such as `toString` are names like any other. */
const ownOf = <T>(object: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** What a client sees of a value with secrets: `{ secret: true }` in their places. */
export const mask = <T>(value: T): T => mapSealed(value, () => ({ secret: true }));

interface Unmasked {
  value: unknown;
  /** JSON Pointers of the masks in whose places a stored secret was put. */
  kept: string[];
}

/**
 * Puts the stored secret wherever a client sent back the mask that it was shown. `{ secret: true }` where no secret is
 * stored is a value like any other.
 */
export function unmask(sent: unknown, stored: unknown, open: (sealed: Sealed) => string, path = ''): Unmasked {
  if (isSealed(stored)) return isMask(sent) ? { value: open(stored), kept: [path] } : { value: sent, kept: [] };
  if (!isObject(sent) || !isObject(stored)) return { value: sent, kept: [] };
  const parts = Object.entries(sent).map(
    ([key, value]) => [key, unmask(value, ownOf(stored, key), open, path + pointer(key))] as const,
  );
  return {
    value: Object.fromEntries(parts.map(([key, part]) => [key, part.value])),
    kept: parts.flatMap(([, part]) => part.kept),
  };
}

/** Whether a URL in a config names another host, or another scheme or port, than the one in its place before. */
export function movesHost(sent: unknown, stored: unknown): boolean {
  if (isObject(sent) && isObject(stored))
    return Object.entries(stored).some(([key, value]) => movesHost(ownOf(sent, key), value));
  const origin = originOf(stored);
  return origin !== null && origin !== originOf(sent);
}

const originOf = (value: unknown) =>
  typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(value) && URL.canParse(value)
    ? new URL(value).host + new URL(value).protocol
    : null;

/**
 * Seals the fields of a config that its schema calls secret, of a map each value; `keys` are their names,
 * `parent.child` inside an object.
 */
export function sealConfig(
  config: Record<string, unknown>,
  keys: readonly string[],
  secrets: Secrets,
  owner: string,
): StoredConfig {
  const seal = (value: unknown, path: string, within: boolean): unknown => {
    const isSecret = within || keys.includes(path);
    if (typeof value === 'string') return isSecret ? secrets.seal(value, owner) : value;
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, seal(child, path ? `${path}.${key}` : key, isSecret)]),
    );
  };
  return seal(config, '', false) as StoredConfig;
}

/** So many are found again in whatever an app writes, and hidden there. */
const mostSecretBytes = 98_304;

/** Close to what they have: base64 of the secret and 28 bytes more. */
const secretBytes = (values: StoredVariables[string][]) =>
  values.reduce((sum, value) => sum + (isSealed(value) ? value.$sealed.length * 0.75 : 0), 0);

/**
 * Seals secret variables; a secret without its value keeps the stored one, sealed with the key in use, or is a problem
 * when there is none.
 */
export function sealVariables(
  sent: VariablesInput,
  stored: StoredVariables,
  secrets: Secrets,
  owner: string,
): { variables: StoredVariables; problems: Problem[] } {
  const problems: Problem[] = [];
  const entries = Object.entries(sent).map(([key, value]): [string, StoredVariables[string]] => {
    if (typeof value === 'string') return [key, value];
    if (value.value !== undefined) return [key, secrets.seal(value.value, owner)];
    const kept = ownOf(stored, key);
    if (kept === undefined || typeof kept === 'string')
      problems.push({
        path: `/variables/${key}/value`,
        code: 'required',
        message: `The secret variable ${key} has no stored value yet: send one.`,
      });
    return [key, secrets.reseal(kept ?? '', owner).value];
  });
  if (secretBytes(entries.map(([, value]) => value)) > mostSecretBytes)
    problems.push({
      path: '/variables',
      code: 'secrets_too_large',
      message: `All secret variables together may have ${mostSecretBytes} bytes at most.`,
    });
  return { variables: Object.fromEntries(entries), problems };
}
