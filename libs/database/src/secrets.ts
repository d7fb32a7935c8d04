import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { WorldError } from '@pierhead/model';
import type { Sealed } from './snapshot.js';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isSealed = (value: unknown): value is Sealed =>
  isObject(value) && typeof value.$sealed === 'string' && Object.keys(value).length === 1;

/** A value after what old keys had sealed in it was sealed anew. */
export interface Resealed<T> {
  value: T;
  /** How many secrets it has, and how many of them an old key had sealed. */
  sealed: number;
  resealed: number;
  /** The key of each secret that does not open here, and was left as it is. */
  unknown: string[];
}

/**
 * Seals secrets with one key, and opens what that or an older one has sealed. `owner` is the id of the row that a secret
 * belongs to: it opens nowhere else.
 */
export interface Secrets {
  /** Names the key that seals. */
  readonly keyId: string;
  seal(value: string, owner: string): Sealed;
  /** A copy of `value` in which every sealed secret, at any depth, is its plain text. Throws WorldError without its key. */
  open<T>(value: T, owner: string): T;
  /** A copy of `value` in which every secret that opens is sealed with the key in use; those that are stay the same. */
  reseal<T>(value: T, owner: string): Resealed<T>;
  /** A digest that only the key in use gives: equal for equal text, and of no use to guess what it was. */
  fingerprint(text: string): string;
}

/**
 * AES-256-GCM; the stored text is `<key id>.<nonce, ciphertext and tag in base64url>`.
 * @param key 32 bytes in base64
 * @param oldKeys the same, of keys that seal no more
 */
export function createSecrets(key: string, oldKeys: readonly string[] = []): Secrets {
  const bytes = Buffer.from(key, 'base64');
  const keyId = idOf(bytes);
  const keys = new Map([...oldKeys.map((old) => Buffer.from(old, 'base64')), bytes].map((each) => [idOf(each), each]));

  const seal = (value: string, owner: string): Sealed => {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, bytes, nonce);
    cipher.setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { $sealed: `${keyId}.${sealed.toString('base64url')}` };
  };

  const openOne = (sealed: Sealed, owner: string): string => {
    const own = keys.get(keyOf(sealed));
    if (!own) throw unknownKey(keyOf(sealed));
    const data = Buffer.from(sealed.$sealed.slice(keyOf(sealed).length + 1), 'base64url');
    const decipher = createDecipheriv(algorithm, own, data.subarray(0, nonceBytes));
    decipher.setAAD(Buffer.from(owner));
    decipher.setAuthTag(data.subarray(-tagBytes));
    return Buffer.concat([decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8');
  };

  return {
    keyId,
    seal,
    open: (value, owner) => mapSealed(value, (each) => openOne(each, owner)),
    reseal(value, owner) {
      const counts = { sealed: 0, resealed: 0, unknown: [] as string[] };
      const copy = mapSealed(value, (each) => {
        counts.sealed += 1;
        if (keyOf(each) === keyId) return each;
        try {
          const anew = seal(openOne(each, owner), owner);
          counts.resealed += 1;
          return anew;
        } catch {
          counts.unknown.push(keyOf(each));
          return each;
        }
      });
      return { value: copy, ...counts };
    },
    fingerprint: (text) => `hmac-sha256:${createHmac('sha256', bytes).update(text).digest('hex')}`,
  };
}

const idOf = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 8);

const keyOf = ({ $sealed }: Sealed) => $sealed.split('.', 1)[0]!;

/** Whoever has just got its keys, or gets them in a moment, succeeds at the next attempt. */
const unknownKey = (id: string) =>
  new WorldError(
    'secret_key_unknown',
    `A secret is sealed with the key ${id}, which is not known here: name that key in PIERHEAD_OLD_SECRET_KEYS of every api and worker.`,
  );

/** A copy of `value` in which `replace` stands for every sealed secret, at any depth. */
export function mapSealed<T>(value: T, replace: (sealed: Sealed) => unknown): T {
  if (isSealed(value)) return replace(value) as T;
  if (Array.isArray(value)) return value.map((item) => mapSealed(item, replace)) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapSealed(item, replace)])) as T;
}
