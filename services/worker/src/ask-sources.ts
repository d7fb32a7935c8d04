import type { SourceUsed } from '@pierhead/database';
import { messageOf, type Provider, WorldError } from '@pierhead/model';
import { blame } from './blame.js';
import type { Run } from './run.js';
import type { SourcePlace } from './source-place.js';

type Ask<T> = (provider: Provider, place: SourcePlace) => Promise<T>;

/**
 * Asks one place after the other until one is not down; the one that answered last goes first. What a place answers
 * counts, also that it has not, or denies, what was asked for. When all are down the first one's error is thrown.
 */
export async function askSources<T>(
  run: Run,
  from: readonly SourcePlace[],
  ask: Ask<T>,
): Promise<{ answer: T; used: SourceUsed }> {
  const places = inTurn(from, run.sourceUsed);
  const faults: WorldError[] = [];
  for (const place of places) {
    if (faults.length > 0) run.context.log(`${faults.at(-1)?.message} Trying ${nameOf(place)} instead.`, 'system');
    const provider = await lookUp(place, run);
    if (!provider) continue;
    try {
      return { answer: await ask(provider, place), used: place.used };
    } catch (thrown) {
      run.context.signal.throwIfAborted();
      const error = await blame(thrown, provider, run.context);
      if (!(error instanceof WorldError)) throw error;
      faults.push(error);
    }
  }
  throw faults[0];
}

/** A fallback that this worker cannot use is passed over. */
async function lookUp(place: SourcePlace, run: Run): Promise<Provider | null> {
  try {
    return await place.provider();
  } catch (error) {
    run.context.log(`Passing over ${nameOf(place)}: ${messageOf(error)}`, 'system');
    return null;
  }
}

function inTurn(places: readonly SourcePlace[], last: SourceUsed | null): SourcePlace[] {
  const start = places.findIndex(({ used }) => used.fallback === (last?.fallback ?? null));
  return [...places.slice(Math.max(0, start)), ...places.slice(0, Math.max(0, start))];
}

const nameOf = ({ used: { providerId, fallback } }: SourcePlace) =>
  fallback === null
    ? `the service\u2019s own source (${providerId})`
    : `fallback source ${fallback + 1} (${providerId})`;
