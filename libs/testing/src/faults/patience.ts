import { setTimeout as delay } from 'node:timers/promises';

/** Waits for an answer other than null, looking often; throws after a limit, with what was last known. */
export async function wait<T>(
  what: string,
  look: () => Promise<T | null | false | undefined>,
  limitMs = 60_000,
  everyMs = 20,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false && found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(everyMs);
  }
}
