import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition, looking every 15 ms; false when `limitMs` passed first. */
export async function until(holds: () => Promise<boolean> | boolean, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) return false;
    await delay(15);
  }
  return true;
}
