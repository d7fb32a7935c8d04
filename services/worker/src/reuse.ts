import { artifactRepository } from '@pierhead/database';
import type { Artifact, Source } from '@pierhead/model';
import { digestFolder } from '@pierhead/storage';
import { assertHeld, type EquippedRun, type Making, type Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

/**
 * What artifacts that come out equal have in common: the files, the builder with its config, and whatever else it says
 * that it depends on. Null where there is no telling, or where an artifact is to be made in any case.
 */
export async function artifactKeyOf(
  { context }: Run,
  { builder, builderName, builderConfig }: Making,
  source: Source,
  { secrets }: WorkerContext,
): Promise<string | null> {
  if (source.kind === 'image') return null;
  // Whatever is wrong here, the build finds it too and says it better.
  const [files, inputs] = await Promise.all([
    digestFolder(source.path).catch(() => null),
    builder.inputs ? builder.inputs(source, builderConfig, context).catch(() => null) : [],
  ]);
  context.signal.throwIfAborted();
  if (files === null || inputs === null) return null;
  return secrets.fingerprint(JSON.stringify([builderName, builderConfig, source.kind, files, inputs]));
}

/** An artifact of this key that is on this machine, whichever deployment had it made; null when there is none. */
export async function reusable(run: EquippedRun, artifactKey: string, worker: WorkerContext): Promise<Artifact | null> {
  const isHere = async (artifact: Artifact) => (await run.runtime.has?.(artifact, run.context)) ?? false;
  for (const artifact of await artifactRepository(worker.database).ofKey(artifactKey)) {
    if (!(await isHere(artifact))) continue;
    // Looked for once more when it is recorded: a collection from then on sees that it is needed.
    assertHeld(run, await worker.runs.built(run.lease, artifact, { artifactKey, artifactReused: true }));
    if (await isHere(artifact)) return artifact;
  }
  return null;
}
