import { setTimeout as delay } from 'node:timers/promises';
import { type Instance, UserError, unexplained } from '@pierhead/model';
import type { EquippedRun } from './run.js';

const firstPauseMs = 4;
const growth = 1.2;
const maxPauseMs = 1_000;
const reportEveryMs = 5_000;
const defaultGraceSeconds = 60;

/** Probes often at first, then less so, until the instance is healthy or its grace has passed. */
export async function awaitHealth(run: EquippedRun, instance: Instance): Promise<void> {
  const started = performance.now();
  const graceMs = (instance.graceSeconds ?? defaultGraceSeconds) * 1_000;
  let reported = started;
  for (let pause = firstPauseMs; ; pause = Math.min(maxPauseMs, pause * growth)) {
    const health = await run.runtime.probe(instance, run.spec, run.context);
    if (health.healthy) return;
    const now = performance.now();
    if (now - started > graceMs) throw await unhealthy(run, instance, health.reason, graceMs);
    if (now - reported > reportEveryMs) {
      run.context.log(`not healthy yet: ${health.reason}`, 'system');
      reported = now;
    }
    await delay(pause, undefined, { signal: run.context.signal });
  }
}

async function unhealthy(
  { runtime, context }: EquippedRun,
  instance: Instance,
  reason: string,
  graceMs: number,
): Promise<UserError> {
  const diagnosis = runtime.diagnose?.(instance, reason, context).catch(() => null);
  const { code, message, ...details } = (await diagnosis) ?? unexplained(reason);
  return new UserError(code, `The app was not healthy within ${graceMs / 1_000} s: ${message}`, details);
}
