import { createHash, randomBytes } from 'node:crypto';
import type { tokenRepository } from '@pierhead/database';
import { type Identity, tokenMatcher, type Verify } from '@pierhead/http';

/** The name of the token of the configuration; no other token may have it. */
export const adminName = 'admin';

const prefix = 'ph_';
const form = /^ph_[\w-]{43}$/;

/** 256 random bits, with a prefix by which scanners find a token that leaked. */
export const newToken = (): string => prefix + randomBytes(32).toString('base64url');

/** What is stored of a token: with 256 random bits, a plain hash is as good as a slow one. */
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * Knows the token of the configuration and those that were made since. Nothing is cached: a token that has expired
 * or was removed is refused at once.
 */
export function tokenVerifier(
  adminToken: string,
  tokens: Pick<ReturnType<typeof tokenRepository>, 'findValid'>,
): Verify {
  const isAdmin = tokenMatcher(adminToken);
  const admin: Identity = { tokenId: null, name: adminName, scopes: ['admin'], projects: null };
  return async (given) => {
    if (isAdmin(given)) return admin;
    if (!form.test(given)) return null;
    // By the hash in a unique index: how long the search takes tells about a hash that nobody can steer to a token.
    const row = await tokens.findValid(tokenHash(given));
    return row && { tokenId: row.id, name: row.name, scopes: row.scopes, projects: row.projects };
  };
}
