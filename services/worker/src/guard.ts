import { setTimeout as delay } from 'node:timers/promises';
import { type Replaced, releaseRepository } from '@pierhead/database';
import {
  type CallContext,
  type Health,
  type Instance,
  messageOf,
  type Runtime,
  type Traffic,
  type Upstream,
  UserError,
  unexplained,
} from '@pierhead/model';
import { awaitGateways } from './await-gateways.js';
import { failureOf } from './failure.js';
import { currentUpstreams } from './refresh-releases.js';
import type { Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

const lookMs = 500;
const lookLimitMs = 10_000;
/** An app may miss one probe under load. */
const unwellLooks = 3;
/** What the engine takes down with it needs a while to come back. */
const recoveryMs = 60_000;
/** Fewer requests tell nothing. */
const fewestRequests = 20;
const windowMs = 30_000;
/** How much more of the requests may fail than of the old release's. */
const toleratedShare = 0.1;

/**
 * Watches a release that serves for as long as its service wants, unless something else waits for it to end. When it does
 * not hold and the one before still runs, that one serves again, and the reason is thrown.
 */
export async function guard(run: Run, worker: WorkerContext, instance: Instance | null): Promise<void> {
  const { seconds, replaced } = await worker.runs.guard(run.lease);
  if (seconds <= 0 || !instance) return;
  run.context.log(`watching the new release for ${Math.ceil(seconds)} s`, 'system');
  const { runtime } = await run.equip();
  const breach = await firstBreach(createLook(run, runtime, instance), run, worker, replaced?.deploymentId ?? null);
  if (breach) await fallBack(run, worker, breach, replaced);
}

/** Takes the route from a release that a gateway gets no answer from, and throws the reason. */
export async function refuse(run: Run, worker: WorkerContext, reason: string): Promise<void> {
  const breach = new UserError('release_unreachable', `A gateway gets no answer from the release: ${reason}`, {
    hint: 'Its worker got one. Let every gateway reach the addresses and the storage of that worker, or stop the gateway that cannot.',
  });
  const { replaced } = await worker.runs.guard(run.lease);
  if (replaced) return fallBack(run, worker, breach, replaced);
  if (!(await worker.runs.withdraw(run.lease, failureOf(breach, run.stageName, run.secrets))))
    throw run.interruption.fire('lease-lost');
  run.live = false;
  throw breach;
}

/** Goes back to the release before, and throws why; where that does not run any more, the new one stays. */
async function fallBack(run: Run, worker: WorkerContext, breach: UserError, replaced: Replaced | null): Promise<void> {
  const upstreams = replaced && (await stillServed(replaced, worker));
  if (!upstreams) return run.context.log(`${breach.message} There is no release to go back to.`, 'system');
  await goBack(run, worker, { breach, deploymentId: replaced.deploymentId, upstreams });
  throw breach;
}

/** Where the release before answers now; null when it does not run any more. */
async function stillServed(replaced: Replaced, worker: WorkerContext): Promise<Upstream[] | null> {
  const { upstreams: before } = replaced;
  if (before.length > 0 && !before.some(({ kind }) => kind === 'http')) return before;
  const upstreams = await currentUpstreams(replaced.deploymentId, worker);
  return upstreams.length > 0 ? upstreams : null;
}

interface WayBack {
  breach: UserError;
  deploymentId: string;
  upstreams: Upstream[];
}

async function goBack(run: Run, worker: WorkerContext, { breach, deploymentId, upstreams }: WayBack): Promise<void> {
  const back = await worker.runs.goBack(run.lease, failureOf(breach, run.stageName, run.secrets), upstreams);
  if (!back) throw run.interruption.fire('lease-lost');
  run.live = false;
  run.context.log('the release before serves again', 'system');
  await awaitGateways({ deploymentId, ...back }, worker, (text) => run.context.log(text, 'system'));
}

/** How the app is; its own failure; or null where that could not be seen. */
type Look = () => Promise<Health | UserError | null>;

async function firstBreach(
  look: Look,
  run: Run,
  worker: WorkerContext,
  before: string | null,
): Promise<UserError | null> {
  const releases = releaseRepository(worker.database);
  const usual = before ? shareOf(await releases.traffic(before)) : 0;
  const window = createWindow();
  let first: Health | null = null;
  let unwell = 0;
  let recoversUntil = 0;
  for (;;) {
    const { seconds, awaited } = await worker.runs.guard(run.lease);
    if (seconds <= 0 || awaited) return null;
    const found = await look();
    if (found === null) recoversUntil = performance.now() + recoveryMs;
    if (found === null || performance.now() < recoversUntil) {
      // The engine was away: whatever happened to the app meanwhile was not its own doing.
      first = null;
      unwell = 0;
      if (found !== null && !(found instanceof UserError) && found.healthy) recoversUntil = 0;
    } else if (found instanceof UserError) return found;
    else if (found.healthy) {
      first ??= found;
      unwell = 0;
      if (restartsOf(found) > restartsOf(first)) return restarted();
    } else {
      unwell += 1;
      if (unwell >= unwellLooks) return unhealthy(found.reason);
    }
    const traffic = window(await releases.traffic(run.spec.deploymentId));
    if (traffic.requests >= fewestRequests && shareOf(traffic) > usual + toleratedShare) return failing(traffic, usual);
    await delay(lookMs, undefined, { signal: run.context.signal });
  }
}

/** Follows the instance to the addresses that it has by now, and tells its own failures from those of its engine. */
function createLook(run: Run, runtime: Runtime, started: Instance): Look {
  let instance = started;
  const probe = async (context: CallContext): Promise<Health | UserError | null> => {
    try {
      const health = await runtime.probe(instance, run.spec, context);
      if (health.healthy) return health;
      const found = await runtime.adopt(run.spec, context);
      if (found && found.upstreams.length > 0) instance = { ...instance, ...found };
      return health;
    } catch (error) {
      run.context.signal.throwIfAborted();
      if (await runtime.unavailable?.(context).catch(() => null)) return null;
      // What another machine runs cannot be seen from here.
      if (!(await runtime.adopt(run.spec, context).catch(() => started))) return null;
      return error instanceof UserError ? error : { healthy: false, reason: messageOf(error) };
    }
  };
  return () => {
    const signal = AbortSignal.any([run.context.signal, AbortSignal.timeout(lookLimitMs)]);
    return probe({ ...run.context, signal });
  };
}

/** What was answered in the last while, of ever growing counts. */
function createWindow(): (total: Traffic) => Traffic {
  const seen: { at: number; total: Traffic }[] = [];
  return (total) => {
    const now = performance.now();
    seen.push({ at: now, total });
    while (seen.length > 2 && seen[1]!.at < now - windowMs) seen.shift();
    const { at, total: base } = seen[0]!;
    if (at > now - windowMs) return total;
    return {
      ...total,
      requests: total.requests - base.requests,
      failures: total.failures - base.failures,
    };
  };
}

const shareOf = ({ requests, failures }: Traffic) => (requests === 0 ? 0 : failures / requests);
const restartsOf = (health: Health) => (health.healthy ? (health.restarts ?? 0) : 0);
const percent = (share: number) => `${Math.round(share * 100)} %`;

const restarted = () =>
  new UserError('release_restarted', 'The app ended and was started again soon after it got traffic.', {
    hint: 'Read what it wrote: the output of the service has the lines before its end.',
  });

function unhealthy(reason: string): UserError {
  const { hint } = unexplained(reason);
  return new UserError('release_unhealthy', `The app became unhealthy soon after it got traffic: ${reason}`, { hint });
}

const failing = (traffic: Traffic, usual: number) =>
  new UserError(
    'release_failing',
    `The app answered ${percent(shareOf(traffic))} of ${traffic.requests} requests with 5xx; the release before did so with ${percent(usual)}.`,
    { hint: 'Read what it wrote while it served: the output of the service has those lines.' },
  );
