import { type Artifact, type Instance, type Revision, type Source, type StageName, UserError } from '@pierhead/model';
import { assertRoom } from './admission.js';
import { askSources } from './ask-sources.js';
import { awaitGateways } from './await-gateways.js';
import { awaitHealth } from './await-health.js';
import { cleanUp } from './clean-up.js';
import { emptyFolder } from './empty-folder.js';
import { guard, refuse } from './guard.js';
import { type Ingredients, ingredientsOf } from './ingredients.js';
import { leaseSeconds } from './keep-lease.js';
import { makeWay } from './make-way.js';
import { type OwnOrigin, ownOrigin } from './origin.js';
import { reusable } from './reuse.js';
import { assertHeld, type EquippedRun, type Making, type Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

const prepareLimitMs = 60_000;

/** The seven stages; what an earlier attempt has got done is not done again. `cleanup` runs whatever happened before it. */
export async function deploy(run: Run, worker: WorkerContext): Promise<void> {
  let equipped: EquippedRun | null = null;
  try {
    failAsLeft(run);
    // A worker may have died right after its switch: what is live is not touched again.
    const version = run.live ? await worker.deployments.releaseVersion(run.spec.deploymentId) : null;
    if (version === null) {
      equipped = await run.equip();
      await bringUp(equipped, worker);
    } else await run.stage('switch', () => settle(run, worker, version, run.left.instance));
  } finally {
    const next = equipped && run.settled ? prepare(equipped) : null;
    await run.cleanup(() => cleanUp(run, worker));
    await next;
  }
}

/** What an earlier attempt went back from can only fail. */
function failAsLeft(run: Run): void {
  const { error } = run.left;
  if (!error) return;
  run.stageName = error.stage;
  throw new UserError(error.code, error.message, {
    hint: error.hint ?? '',
    ...(error.line ? { line: error.line } : {}),
  });
}

async function bringUp(run: EquippedRun, worker: WorkerContext): Promise<void> {
  const artifact = (await artifactLeft(run, worker)) ?? (await makeAndPrepare(run, orLost(run), worker));
  const instance =
    (await instanceLeft(run, worker)) ??
    (await run.stage('release', () => release(run, worker, artifact), run.runtime));
  await run.stage('verify', () => awaitHealth(run, instance), run.runtime);
  await run.stage('switch', () => switchTraffic(run, worker, instance));
}

/**
 * Makes ready what a start will need, while there is no artifact yet: of this deployment, then of the next one. What does
 * not come about here, the start makes.
 */
async function prepare(run: EquippedRun): Promise<void> {
  if (!run.runtime.prepare) return;
  run.started = true;
  const signal = AbortSignal.any([run.context.signal, AbortSignal.timeout(prepareLimitMs)]);
  await run.runtime.prepare(run.spec, { ...run.context, signal }).catch(() => {});
}

/** Both end, whatever comes of the one: what is still being made ready would be left behind. */
async function makeAndPrepare(run: EquippedRun, making: Making, worker: WorkerContext): Promise<Artifact> {
  const prepared = prepare(run);
  try {
    return await make(run, making, worker);
  } finally {
    await prepared;
  }
}

async function make(run: EquippedRun, making: Making, worker: WorkerContext): Promise<Artifact> {
  const revision = await run.stage('resolve', () => resolve(run, making, worker));
  const ingredients = await run.stage('fetch', async () => {
    const source = await fetch(run, making, worker, revision);
    return ingredientsOf(run, making, source, worker);
  });
  const { key } = ingredients;
  const origin = ownOrigin(run, revision, ingredients);
  const known = key && !making.anew ? await reusable(run, key, origin, worker) : null;
  if (known) return run.stage('build', async () => reuse(run, known));
  await assertRoom(run.context, worker.admission);
  return run.stage('build', () => build(run, making, worker, ingredients, origin), making.builder);
}

function reuse(run: Run, artifact: Artifact): Artifact {
  run.context.log(`unchanged since it was built: ${artifact.digest}`, 'system');
  return artifact;
}

function orLost({ making }: EquippedRun): Making {
  if (making) return making;
  throw new UserError('artifact_lost', 'What was built for this release is not on this machine any more.', {
    hint: 'Deploy its revision instead.',
  });
}

/** What an earlier attempt built, where this machine has it. */
async function artifactLeft(run: EquippedRun, worker: WorkerContext): Promise<Artifact | null> {
  const { artifact } = run.left;
  if (!artifact || !(await run.runtime.has?.(artifact, run.context))) return null;
  const verb = run.making ? 'taking over what was built' : 'bringing back';
  await takeOver(run, worker, ['resolve', 'fetch', 'build'], `${verb}: ${artifact.digest}`);
  return artifact;
}

/** What an earlier attempt started on this machine, if it runs. */
async function instanceLeft(run: EquippedRun, worker: WorkerContext): Promise<Instance | null> {
  const { instance } = run.left;
  if (!instance) return null;
  const found = await run.runtime.adopt(run.spec, run.context);
  if (!found || found.upstreams.length === 0) return null;
  await takeOver(run, worker, ['release'], 'taking over what was started');
  run.started = true;
  return { ...instance, ...found };
}

async function takeOver(run: Run, worker: WorkerContext, stages: StageName[], text: string): Promise<void> {
  run.context.log(text, 'system');
  await worker.runs.adoptStages(run.lease, stages);
}

/** What was resolved once is what ships, whichever attempt ships it. */
async function resolve(run: Run, { places }: Making, worker: WorkerContext): Promise<Revision> {
  if (run.left.revision) return run.left.revision;
  const { answer, used } = await askSources(run, places, (provider, { config }) =>
    provider.resolveRevision(config, run.want, run.context),
  );
  const revision = { ...answer, ...shownOf(answer, run) };
  assertHeld(run, await worker.runs.resolved(run.lease, revision, used));
  run.sourceUsed = used;
  return revision;
}

/** What of a revision is for people to read, without secrets; the rest is what its provider fetches it by. */
function shownOf({ message, author, url }: Revision, { secrets }: Run): Partial<Revision> {
  const shown = Object.entries({ message, author, url }).filter(([, text]) => text !== undefined);
  return Object.fromEntries(shown.map(([key, text]) => [key, secrets.mask(text!)]));
}

/** A fallback gives the revision that was resolved, wherever that was. */
async function fetch(run: Run, { places }: Making, worker: WorkerContext, revision: Revision): Promise<Source> {
  const { answer, used } = await askSources(run, places, async (provider, { config }) =>
    provider.fetchSource(revision, config, await emptyFolder(run.sourceFolder), run.context),
  );
  if (used.fallback !== run.sourceUsed?.fallback) assertHeld(run, await worker.runs.fetched(run.lease, used));
  return answer;
}

async function build(
  run: Run,
  making: Making,
  worker: WorkerContext,
  { source, key: artifactKey }: Ingredients,
  own: OwnOrigin,
): Promise<Artifact> {
  const startedAt = new Date().toISOString();
  const artifact = await making.builder.build(source, making.builderConfig, run.context);
  const finishedAt = new Date().toISOString();
  const origin = { ...own, build: { deploymentId: run.spec.deploymentId, worker: worker.id, startedAt, finishedAt } };
  assertHeld(run, await worker.runs.built(run.lease, artifact, { artifactKey, artifactReused: false, origin }));
  return artifact;
}

/** Removes what an earlier attempt left before it starts its own. */
async function release(run: EquippedRun, worker: WorkerContext, artifact: Artifact): Promise<Instance> {
  if (run.lease.epoch > 1) await run.runtime.stop(run.spec, run.context);
  await makeWay(run, worker);
  run.started = true;
  const instance = await run.runtime.start(artifact, run.spec, run.context);
  assertHeld(run, await worker.runs.released(run.lease, instance));
  worker.starts.ring();
  return instance;
}

/** Moves the route, then waits until every gateway has got an answer from the release and serves it. */
async function switchTraffic(run: Run, worker: WorkerContext, instance: Instance): Promise<void> {
  const switched = await worker.runs.switch(run.lease, instance.upstreams);
  if (!switched)
    throw run.interruption.fire(
      (await worker.runs.renew(run.lease, leaseSeconds)) === 'cancel' ? 'canceled' : 'lease-lost',
    );
  await settle(run, worker, switched.version, instance);
}

/** The deployment is live: nothing but a lost lease, a shutdown or its guard stops it from now on. */
async function settle(run: Run, worker: WorkerContext, version: number, instance: Instance | null): Promise<void> {
  run.live = true;
  run.interruption.shield();
  const timeoutSeconds = instance?.look?.timeoutSeconds;
  const destination = { deploymentId: run.spec.deploymentId, version, timeoutSeconds };
  const refusal = await awaitGateways(destination, worker, (text) => run.context.log(text, 'system'));
  if (refusal !== null) await refuse(run, worker, refusal);
  if (run.heldAt !== null)
    run.context.log(`requests go on, ${Math.round(performance.now() - run.heldAt)} ms later`, 'system');
  await guard(run, worker, instance);
  run.settled = true;
}
