import { setTimeout as delay } from 'node:timers/promises';

/** Waits until a condition holds, looking often; throws after half a minute, unless told otherwise. */
export async function until(what: string, condition: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(20);
  }
}
