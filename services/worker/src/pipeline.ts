import type { Artifact, Instance, Revision, Source } from '@pierhead/model';
import { askSources } from './ask-sources.js';
import { awaitGateways } from './await-gateways.js';
import { awaitHealth } from './await-health.js';
import { cleanUp } from './clean-up.js';
import { emptyFolder } from './empty-folder.js';
import { leaseSeconds } from './keep-lease.js';
import { assertHeld, type Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

/** The seven stages. `cleanup` runs whatever happened before it. */
export async function deploy(run: Run, worker: WorkerContext): Promise<void> {
  try {
    // A worker may have died right after its switch: what is live is not touched again.
    if (await worker.deployments.isLive(run.spec.deploymentId)) return;
    const revision = await run.stage('resolve', () => resolve(run, worker));
    const source = await run.stage('fetch', () => fetch(run, worker, revision));
    const artifact = await run.stage('build', () => build(run, worker, source));
    const instance = await run.stage('release', () => release(run, worker, artifact));
    await run.stage('verify', () => awaitHealth(run, instance));
    await run.stage('switch', () => switchTraffic(run, worker, instance));
  } finally {
    await run.cleanup(() => cleanUp(run, worker));
  }
}

/** What was resolved once is what ships, whichever attempt ships it. */
async function resolve(run: Run, worker: WorkerContext): Promise<Revision> {
  if (run.resolved) return run.resolved;
  const { answer, used } = await askSources(run, (provider, { config }) =>
    provider.resolveRevision(config, run.want, run.context),
  );
  assertHeld(run, await worker.runs.resolved(run.lease, answer, used));
  run.sourceUsed = used;
  return answer;
}

/** A fallback gives the revision that was resolved, wherever that was. */
async function fetch(run: Run, worker: WorkerContext, revision: Revision): Promise<Source> {
  const { answer, used } = await askSources(run, async (provider, { config }) =>
    provider.fetchSource(revision, config, await emptyFolder(run.sourceFolder), run.context),
  );
  if (used.fallback !== run.sourceUsed?.fallback) assertHeld(run, await worker.runs.fetched(run.lease, used));
  return answer;
}

async function build(run: Run, worker: WorkerContext, source: Source): Promise<Artifact> {
  const artifact = await run.builder.build(source, run.builderConfig, run.context);
  assertHeld(run, await worker.runs.built(run.lease, artifact));
  return artifact;
}

/** Removes what an earlier attempt left before it starts its own. */
async function release(run: Run, worker: WorkerContext, artifact: Artifact): Promise<Instance> {
  if (run.lease.epoch > 1) await run.runtime.stop(run.spec, run.context);
  run.started = true;
  const instance = await run.runtime.start(artifact, run.spec, run.context);
  assertHeld(run, await worker.runs.released(run.lease, instance));
  return instance;
}

/** Moves the route, then waits until every gateway serves it. */
async function switchTraffic(run: Run, worker: WorkerContext, instance: Instance): Promise<void> {
  const switched = await worker.runs.switch(run.lease, instance.upstreams);
  if (!switched)
    throw run.interruption.fire(
      (await worker.runs.renew(run.lease, leaseSeconds)) === 'cancel' ? 'canceled' : 'lease-lost',
    );
  await awaitGateways(switched.version, worker, (text) => run.context.log(text, 'system'));
}
