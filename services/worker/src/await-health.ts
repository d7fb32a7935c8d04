import { setTimeout as delay } from 'node:timers/promises';
import { type Instance, UserError } from '@pierhead/model';
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
    if (now - started > graceMs) throw unhealthy(health.reason, graceMs);
    if (now - reported > reportEveryMs) {
      run.context.log(`not healthy yet: ${health.reason}`, 'system');
      reported = now;
    }
    await delay(pause, undefined, { signal: run.context.signal });
  }
}

const unhealthy = (reason: string, graceMs: number) =>
  new UserError('health_check_failed', `The app was not healthy within ${graceMs / 1_000} s: ${reason}.`, {
    hint: 'Check the port and the health check in the runtime config, and the app\u2019s own output above.',
  });
