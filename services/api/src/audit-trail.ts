import type { NewAuditEntry } from '@pierhead/database';
import { type App, HttpProblem, scopeOf } from '@pierhead/http';
import type { AuditTarget } from '@pierhead/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mask } from './service-secrets.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request changed, for the audit log: set by its handler. */
    audit: Change | null;
  }
}

/** Plain JSON before and after; sealed secrets are masked on the way into the log. */
interface Change {
  target: AuditTarget;
  before?: unknown;
  after?: unknown;
}

/**
 * Records every request that changed something, before its answer is sent: no client sees a success that is not on
 * record. When recording fails, so does the answer, although the change has been made.
 */
export function recordChanges(app: App, append: (entry: NewAuditEntry) => Promise<void>): void {
  app.decorateRequest('audit', null);
  app.addHook('onSend', async (request, reply, payload) => {
    if (hasChanged(request, reply)) await append(entryOf(request)).catch(unrecorded);
    return payload;
  });
}

function hasChanged({ method, routeOptions }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  if (method === 'GET' || method === 'HEAD' || statusCode < 200 || statusCode > 299) return false;
  return scopeOf(method, routeOptions.config) !== 'read';
}

function entryOf({ id, identity, audit, address, method, routeOptions }: FastifyRequest): NewAuditEntry {
  return {
    actor: identity?.name ?? null,
    tokenId: identity?.tokenId ?? null,
    action: routeOptions.schema?.operationId ?? `${method} ${routeOptions.url}`,
    targetKind: audit?.target.kind ?? null,
    targetId: audit?.target.id ?? null,
    before: mask(audit?.before ?? null),
    after: mask(audit?.after ?? null),
    requestId: id,
    address,
  };
}

function unrecorded(cause: unknown): never {
  const detail = 'The change was made, but it could not be recorded: read it again before you repeat it.';
  throw new HttpProblem(500, 'audit_failed', detail, { cause });
}
