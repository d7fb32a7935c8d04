import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { tokenRepository } from '@pierhead/database';
import type { Identity, Verify } from '@pierhead/http';

/** The name of the token of the configuration; no other token may have it. */
export const adminName = 'admin';

const prefix = 'ph_';
const form = /^ph_[\w-]{43}$/;
const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** 256 random bits, with a prefix by which scanners find a token that leaked. */
export const newToken = (): string => prefix + randomBytes(32).toString('base64url');

/** What is stored of a token: with 256 random bits, a plain hash is as good as a slow one. */
export const tokenHash = (token: string): string => sha256(token).toString('hex');

/**
 * Knows the token of the configuration and those that were made since. Nothing is cached: a token that has expired
 * or was removed is refused at once.
 */
export function tokenVerifier(
  adminToken: string,
  tokens: Pick<ReturnType<typeof tokenRepository>, 'findValid'>,
): Verify {
  const expected = sha256(adminToken);
  const admin: Identity = { tokenId: null, name: adminName, scopes: ['admin'] };
  return async (given) => {
    // Hashes have one length, as the comparison in constant time demands.
    if (timingSafeEqual(sha256(given), expected)) return admin;
    if (!form.test(given)) return null;
    // By the hash in a unique index: how long the search takes tells about a hash that nobody can steer to a token.
    const row = await tokens.findValid(tokenHash(given));
    return row && { tokenId: row.id, name: row.name, scopes: row.scopes };
  };
}
