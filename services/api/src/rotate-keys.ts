import { keyRotationRepository, type RotationPlace } from '@pierhead/database';
import type { KeyRotation } from '@pierhead/model';
import type { ApiContext } from './context.js';
import { invalidCursor } from './cursor.js';
import { conflict } from './problems.js';

/** Less than any client or proxy waits for an answer, and than a service has to end. */
const budgetMs = 5_000;
const mostUnknown = 100;

/**
 * Seals secrets anew for some seconds, from where an earlier request has ended.
 * @throws HttpProblem 400 or 409
 */
export async function rotateKeys(
  cursor: string | undefined,
  { database, secrets }: Pick<ApiContext, 'database' | 'secrets'>,
): Promise<KeyRotation> {
  const { keyId } = secrets;
  const rotation = keyRotationRepository(database, secrets);
  const until = performance.now() + budgetMs;
  const unknown = new Map<string, KeyRotation['unknown'][number]>();
  const total = { sealed: 0, resealed: 0 };
  let place = cursor === undefined ? null : placeOf(cursor, keyId);
  do {
    const step = await rotation.step(place);
    total.sealed += step.sealed;
    total.resealed += step.resealed;
    for (const each of step.unknown) {
      const key = `${each.serviceId} ${each.keyId}`;
      unknown.set(key, { ...each, secrets: (unknown.get(key)?.secrets ?? 0) + 1 });
    }
    place = step.next;
  } while (place && performance.now() < until && unknown.size < mostUnknown);
  return { keyId, ...total, unknown: [...unknown.values()], nextCursor: place && cursorOf(place, keyId) };
}

const cursorOf = ({ table, after }: RotationPlace, keyId: string) =>
  Buffer.from(`${keyId} ${table} ${after}`).toString('base64url');

const form = /^([0-9a-f]{8}) (services|deployments) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function placeOf(cursor: string, ownId: string): RotationPlace {
  const [, keyId, table, after] = form.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (!after) throw invalidCursor();
  if (keyId === ownId) return { table: table as RotationPlace['table'], after };
  const detail = `This api seals with the key ${ownId}, and the rotation was begun with ${keyId}: give every api the same PIERHEAD_SECRET_KEY, then begin again.`;
  throw conflict('keys_differ', detail);
}
