import { isDeepStrictEqual } from 'node:util';
import { releaseRepository } from '@pierhead/database';
import { dispose } from './look-up.js';
import type { WorkerContext } from './worker-context.js';

const limitMs = 10_000;

/** Points routes at where their releases run now: an engine that was restarted may have given them other addresses. */
export async function refreshReleases(worker: WorkerContext): Promise<void> {
  const releases = releaseRepository(worker.database);
  for (const { deploymentId, upstreams } of await releases.list()) {
    if (!upstreams.some((each) => each.kind === 'http')) continue;
    const row = await worker.deployments.find(deploymentId);
    const runtime =
      row && (await worker.source.current().runtimes.getRuntime(row.snapshot.runtimeId, row.snapshot.runtimeVersion));
    if (!row || !runtime) continue;
    const { serviceId, environment, snapshot } = row;
    const identity = { serviceId, environment, deploymentId, serviceName: snapshot.serviceName };
    const signal = AbortSignal.timeout(limitMs);
    const context = { log: () => {}, signal, workspace: worker.workspaces, storage: worker.storage, host: worker.host };
    const found = await runtime.adopt(identity, context).finally(() => dispose(runtime, worker.logger));
    const current = found?.upstreams ?? [];
    if (current.length === 0 || isDeepStrictEqual(sorted(current), sorted(upstreams))) continue;
    worker.logger.info({ deploymentId }, 'a release has moved to other addresses');
    await releases.move(deploymentId, current);
  }
}

const sorted = (upstreams: object[]) => upstreams.map((each) => JSON.stringify(each, Object.keys(each).sort())).sort();
