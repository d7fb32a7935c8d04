import type { Conflict, ServiceRow } from '@pierhead/database';
import { HttpProblem } from '@pierhead/http';
import type { ServiceInput } from '@pierhead/model';
import type { ApiContext } from './context.js';
import { mergePatch } from './merge-patch.js';
import { conflict, unknownService } from './problems.js';
import { assertInput, inputOf, patchBase, resolveInput } from './service-input.js';

/** Each time one of those that race gets through: so many at once are served. */
const mostAttempts = 10;

export const etagOf = (row: ServiceRow) => `"${row.revision}"`;

const changedMeanwhile = () =>
  new HttpProblem(412, 'service_changed', 'The service has changed since: read it again and repeat the change.');

/** The stored row, or the 409 that tells which name is taken. */
export function stored(outcome: ServiceRow | Conflict, input: ServiceInput): ServiceRow {
  if (!('conflict' in outcome)) return outcome;
  if (outcome.conflict === 'name')
    throw conflict('name_taken', `A service named \u201c${input.name}\u201d exists already.`);
  throw conflict('hostname_taken', `Another service has the hostname ${outcome.hostname}.`);
}

/**
 * Merges a patch into a service. Where another change came first it is merged again into what that one has made of the
 * service, unless `match` names the ETag that the patch is based on.
 * @throws HttpProblem 404, 409, 412 or 422
 */
export async function changeService(
  id: string,
  patch: Record<string, unknown>,
  match: string | undefined,
  context: ApiContext,
): Promise<{ before: ServiceRow; after: ServiceRow }> {
  const { services } = context;
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const before = await services.find(id);
    if (!before) throw unknownService();
    if (match !== undefined && match !== '*' && match !== etagOf(before)) throw changedMeanwhile();
    const merged = mergePatch(patchBase(inputOf(before), patch), patch);
    assertInput(merged);
    const { id: _, ...values } = await resolveInput(merged, id, before, context);
    const outcome = await services.replace(id, before.revision, values);
    if (outcome) return { before, after: stored(outcome, merged) };
  }
  throw conflict('service_busy', 'The service is being changed by many at once: try again in a moment.');
}
