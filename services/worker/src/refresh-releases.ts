import { isDeepStrictEqual } from 'node:util';
import { releaseRepository } from '@pierhead/database';
import type { Upstream } from '@pierhead/model';
import { dispose, runtimeOf } from './look-up.js';
import { callContextOf } from './task-context.js';
import type { WorkerContext } from './worker-context.js';

const limitMs = 10_000;

/** Points routes at where their releases run now: what was started again may have got other addresses. */
export async function refreshReleases(worker: WorkerContext): Promise<void> {
  for (const { deploymentId, upstreams } of await releaseRepository(worker.database).list())
    await refresh(deploymentId, upstreams, worker);
}

/** The same for one deployment, where it is live. */
export async function refreshRelease(deploymentId: string, worker: WorkerContext): Promise<void> {
  const upstreams = await releaseRepository(worker.database).upstreamsOf(deploymentId);
  if (upstreams) await refresh(deploymentId, upstreams, worker);
}

async function refresh(deploymentId: string, upstreams: Upstream[], worker: WorkerContext): Promise<void> {
  // One without any has made way, and comes back once it is well.
  if (!upstreams.some((each) => each.kind === 'http')) return;
  const current = await currentUpstreams(deploymentId, worker);
  if (current.length === 0 || isDeepStrictEqual(sorted(current), sorted(upstreams))) return;
  worker.logger.info({ deploymentId }, 'a release has moved to other addresses');
  await releaseRepository(worker.database).move(deploymentId, upstreams, current);
}

/** Where a deployment runs on this machine, as its runtime finds it; empty where it does not. */
export async function currentUpstreams(deploymentId: string, worker: WorkerContext): Promise<Upstream[]> {
  const row = await worker.deployments.find(deploymentId);
  const runtime = row && (await runtimeOf(row, worker));
  if (!row || !runtime) return [];
  const { serviceId, environment, snapshot } = row;
  const identity = { serviceId, environment, deploymentId, serviceName: snapshot.serviceName };
  const signal = AbortSignal.timeout(limitMs);
  const found = await runtime
    .adopt(identity, callContextOf(worker, signal))
    .finally(() => dispose(runtime, worker.logger));
  return found?.upstreams ?? [];
}

const sorted = (upstreams: object[]) => upstreams.map((each) => JSON.stringify(each, Object.keys(each).sort())).sort();
