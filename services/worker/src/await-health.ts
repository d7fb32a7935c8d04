import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Instance, type Upstream, UserError, unexplained, WorldError } from '@pierhead/model';
import type { EquippedRun } from './run.js';

/** The pause grows with the time that the app has taken so far: a probe comes late by so much of it at most. */
const lateness = 0.05;
const shortestPauseMs = 4;
const longestPauseMs = 1_000;
const reportEveryMs = 5_000;
const defaultGraceSeconds = 60;
const defaultIntervalSeconds = 1;

type Probed = Pick<EquippedRun, 'runtime' | 'spec' | 'context'>;

/**
 * Waits until the instance is healthy, and then for as long as it has to hold. An instance
 * that is not healthy in time, or does not stay so, fails.
 */
export async function awaitHealth(run: EquippedRun, instance: Instance): Promise<void> {
  await becomeHealthy(run, instance);
  await stayHealthy(run, instance);
}

/** Probes often at first, then less so, until the instance is healthy. Throws UserError when its time is up. */
export async function becomeHealthy(run: Probed, instance: Instance): Promise<void> {
  const started = performance.now();
  const graceMs = (instance.graceSeconds ?? defaultGraceSeconds) * 1_000;
  let reported = started;
  for (;;) {
    const health = await run.runtime.probe(instance, run.spec, run.context);
    if (health.healthy) return;
    const now = performance.now();
    if (now - started > graceMs)
      throw await unhealthy(run, instance, health.reason, `was not healthy within ${graceMs / 1_000} s`);
    if (now - reported > reportEveryMs) {
      run.context.log(`not healthy yet: ${health.reason}`, 'system');
      reported = now;
      await assertInPlace(run, instance);
    }
    const pause = Math.min(longestPauseMs, Math.max(shortestPauseMs, (now - started) * lateness));
    await delay(pause, undefined, { signal: run.context.signal });
  }
}

/** An engine that was started again gives other addresses: the next attempt takes over what runs there. */
async function assertInPlace({ runtime, spec, context }: Probed, instance: Instance): Promise<void> {
  const found = await runtime.adopt(spec, context);
  const isThere = (each: Upstream) => found?.upstreams.some((other) => isDeepStrictEqual(each, other));
  if (!found || found.upstreams.length === 0 || instance.upstreams.every(isThere)) return;
  throw new WorldError('app_moved', 'The app was started again meanwhile, at another address', {
    hint: 'See whether the engine of this machine was restarted.',
  });
}

async function stayHealthy(run: EquippedRun, instance: Instance): Promise<void> {
  const { holdSeconds = 0, intervalSeconds = defaultIntervalSeconds } = instance;
  if (holdSeconds === 0) return;
  run.context.log(`healthy; it has to stay so for ${holdSeconds} s`, 'system');
  const end = performance.now() + holdSeconds * 1_000;
  for (let left = holdSeconds * 1_000; left > 0; left = end - performance.now()) {
    await delay(Math.min(left, intervalSeconds * 1_000), undefined, { signal: run.context.signal });
    const health = await run.runtime.probe(instance, run.spec, run.context);
    if (health.healthy) continue;
    const seconds = Math.round(holdSeconds - (end - performance.now()) / 1_000);
    throw await unhealthy(run, instance, health.reason, `did not stay healthy: after ${seconds} s of ${holdSeconds} s`);
  }
}

async function unhealthy(
  { runtime, context }: Probed,
  instance: Instance,
  reason: string,
  what: string,
): Promise<UserError> {
  const diagnosis = runtime.diagnose?.(instance, reason, context).catch(() => null);
  const { code, message, ...details } = (await diagnosis) ?? unexplained(reason);
  return new UserError(code, `The app ${what}: ${message}`, details);
}
