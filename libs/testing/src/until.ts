import { setTimeout as delay } from 'node:timers/promises';

const limitMs = 30_000;

/** Waits until a condition holds, looking often; throws after half a minute. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(20);
  }
}
