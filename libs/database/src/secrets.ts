import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import type { Sealed } from './snapshot.js';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isSealed = (value: unknown): value is Sealed =>
  isObject(value) && typeof value.$sealed === 'string' && Object.keys(value).length === 1;

/** Seals and opens secrets with one key. `owner` is the id of the row that a secret belongs to: it opens nowhere else. */
export interface Secrets {
  seal(value: string, owner: string): Sealed;
  /** A copy of `value` in which every sealed secret, at any depth, is its plain text. */
  open<T>(value: T, owner: string): T;
  /** A digest that only this key gives: equal for equal text, and of no use to guess what it was. */
  fingerprint(text: string): string;
}

/**
 * AES-256-GCM; the stored text is `<key id>.<nonce, ciphertext and tag in base64url>`.
 * @param key 32 bytes in base64
 */
export function createSecrets(key: string): Secrets {
  const bytes = Buffer.from(key, 'base64');
  const keyId = createHash('sha256').update(bytes).digest('hex').slice(0, 8);

  const openOne = ({ $sealed: sealed }: Sealed, owner: string): string => {
    const [id, body] = sealed.split('.');
    if (id !== keyId || !body) throw new Error(`a secret was sealed with another key than the one in use, ${keyId}`);
    const data = Buffer.from(body, 'base64url');
    const decipher = createDecipheriv(algorithm, bytes, data.subarray(0, nonceBytes));
    decipher.setAAD(Buffer.from(owner));
    decipher.setAuthTag(data.subarray(-tagBytes));
    return Buffer.concat([decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8');
  };

  return {
    seal(value, owner) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, bytes, nonce);
      cipher.setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return { $sealed: `${keyId}.${sealed.toString('base64url')}` };
    },
    fingerprint: (text) => `hmac-sha256:${createHmac('sha256', bytes).update(text).digest('hex')}`,
    open: (value, owner) => mapSealed(value, (each) => openOne(each, owner)),
  };
}

/** A copy of `value` in which `replace` stands for every sealed secret, at any depth. */
export function mapSealed<T>(value: T, replace: (sealed: Sealed) => unknown): T {
  if (isSealed(value)) return replace(value) as T;
  if (Array.isArray(value)) return value.map((item) => mapSealed(item, replace)) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapSealed(item, replace)])) as T;
}
