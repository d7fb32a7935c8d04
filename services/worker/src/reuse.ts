import { artifactRepository } from '@pierhead/database';
import type { Artifact } from '@pierhead/model';
import type { OwnOrigin } from './origin.js';
import { assertHeld, type EquippedRun } from './run.js';
import type { WorkerContext } from './worker-context.js';

/** An artifact of this key that is on this machine, whichever deployment had it made; null when there is none. */
export async function reusable(
  run: EquippedRun,
  artifactKey: string,
  own: OwnOrigin,
  worker: WorkerContext,
): Promise<Artifact | null> {
  const isHere = async (artifact: Artifact) => (await run.runtime.has?.(artifact, run.context)) ?? false;
  for (const known of await artifactRepository(worker.database).ofKey(artifactKey)) {
    const { artifact } = known;
    if (!(await isHere(artifact))) continue;
    // Who built it is not known of artifacts from before that was recorded: then nothing is claimed.
    const origin = known.origin && { ...own, build: known.origin.build };
    // Looked for once more when it is recorded: a collection from then on sees that it is needed.
    assertHeld(run, await worker.runs.built(run.lease, artifact, { artifactKey, artifactReused: true, origin }));
    if (await isHere(artifact)) return artifact;
  }
  return null;
}
