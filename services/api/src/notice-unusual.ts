import type { NewAuditEntry } from '@pierhead/database';
import { type App, limitedAddress, Tally } from '@pierhead/http';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Counter } from 'prom-client';

const minute = 60_000;
const hour = 60 * minute;
const mostTokens = 1_000;

/** From when on something is unusual: each is told once within its time. */
export const unusual = { wrongTokens: 10, addresses: 5, deletions: 10 };

/**
 * Notices what an operator wants to hear of: many wrong tokens from one address, a token that comes from many addresses,
 * many deletions by one token. Each becomes an entry of the audit log, a warning and a count.
 */
export function noticeUnusual(app: App, append: (entry: NewAuditEntry) => Promise<void>): void {
  const counter = new Counter({
    name: 'pierhead_unusual_total',
    help: 'Unusual things that were noticed, by kind; the audit log has the details.',
    labelNames: ['kind'],
    registers: [app.metrics],
  });
  const wrongTokens = new Tally(minute);
  const deletions = new Tally(minute);
  const addresses = new LRUCache<string, Set<string>>({ max: mostTokens, ttl: hour, noUpdateTTL: true });

  const notice = (action: string, request: FastifyRequest, details: Record<string, string | number>) => {
    const { identity, id, address } = request;
    counter.inc({ kind: action });
    request.log.warn({ action, actor: identity?.name, address, ...details }, 'something unusual was noticed');
    const who = { actor: identity?.name ?? null, tokenId: identity?.tokenId ?? null, requestId: id, address };
    append({ ...who, action, targetKind: null, targetId: null, before: null, after: details }).catch((error) =>
      request.log.error({ err: error, action }, 'something unusual could not be recorded'),
    );
  };

  /** A new address of a token; true when it has too many by now, and had not before. */
  const isOneTooMany = (token: string, address: string) => {
    const known = addresses.get(token) ?? new Set();
    if (known.has(address) || known.size >= unusual.addresses) return false;
    addresses.set(token, known.add(address));
    return known.size === unusual.addresses;
  };

  app.addHook('onResponse', async (request, { statusCode }) => {
    const { identity, method, address: remote } = request;
    const address = limitedAddress(remote);
    const isWrong = statusCode === 401 && request.headers.authorization !== undefined;
    if (isWrong && wrongTokens.add(address) === unusual.wrongTokens)
      notice('noticedWrongTokens', request, { count: unusual.wrongTokens, withinSeconds: minute / 1_000 });
    if (!identity) return;
    const token = identity.tokenId ?? identity.name;
    if (isOneTooMany(token, address))
      notice('noticedManyAddresses', request, { count: unusual.addresses, withinSeconds: hour / 1_000 });
    const isDeletion = method === 'DELETE' && statusCode < 300;
    if (isDeletion && deletions.add(token) === unusual.deletions)
      notice('noticedManyDeletions', request, { count: unusual.deletions, withinSeconds: minute / 1_000 });
  });
}
