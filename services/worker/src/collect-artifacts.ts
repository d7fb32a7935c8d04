import { artifactRepository, type HeldArtifact, planArtifacts } from '@pierhead/database';
import type { Builder, LocalArtifact } from '@pierhead/model';
import { dispose } from './look-up.js';
import { withTaskContext } from './task-context.js';
import type { WorkerContext } from './worker-context.js';

export interface CollectionOptions {
  /** Bytes that rollback releases must fit in together with what is in use. */
  budget?: number | undefined;
  /** What was made less long ago may belong to a build that has not recorded it yet. */
  graceMs?: number;
  /** Ends the collection early; what is left waits for the next one. */
  signal?: AbortSignal;
}

/** A place where artifacts lie. */
interface Place {
  /** Without some; null where it cannot tell. */
  list(except: readonly string[]): Promise<LocalArtifact[] | null>;
  discard(digest: string): Promise<void>;
  /** Whether the artifacts of a deployment would lie here. */
  isFor(held: HeldArtifact): boolean;
}

/** Longer than it takes to record an artifact, and than clocks are apart. */
const defaultGraceMs = 120_000;

/** Discards the builds on this machine that no release needs, each with the builder that made it. */
export async function collectBuilds(worker: WorkerContext, options: CollectionOptions): Promise<void> {
  const { builders } = worker.source.current();
  const usable = new Set(worker.capabilities.builders.filter((each) => each.available).map((each) => each.id));
  for (const id of usable) {
    const builder = await builders.getBuilder(id);
    if (!builder) continue;
    try {
      await collectIn(buildsOf(id, builder, worker), worker, options);
    } finally {
      await dispose(builder, worker.logger);
    }
  }
}

/** Removes the trees of files that no release needs, whichever builder made them. */
export const collectTrees = (worker: WorkerContext, options: CollectionOptions): Promise<void> =>
  collectIn(
    {
      list: (except) => worker.storage.listTrees(except),
      discard: (digest) => worker.storage.removeTree(digest),
      isFor: ({ artifact }) => artifact.kind === 'files',
    },
    worker,
    options,
  );

const buildsOf = (id: string, builder: Builder, worker: WorkerContext): Place => ({
  list: async (except) => (await withTaskContext(worker, async (context) => builder.list?.(except, context))) ?? null,
  discard: (digest) =>
    withTaskContext(worker, async (context) => builder.discard?.({ kind: 'image', digest }, context)),
  isFor: ({ builderId, artifact }) => builderId === id && artifact.kind === 'image',
});

/**
 * Looks for what is not needed, and asks once more right before each is discarded: what is recorded meanwhile is seen.
 * Artifacts that no deployment knows of, because a worker died before it recorded them, are found here and nowhere else.
 */
async function collectIn(place: Place, worker: WorkerContext, options: CollectionOptions): Promise<void> {
  const { budget, graceMs = defaultGraceMs } = options;
  const artifacts = artifactRepository(worker.database);
  const { kept, doomed: all } = planArtifacts(await artifacts.held(), budget);
  const doomed = all.filter(place.isFor);
  const known = [...kept.keys()];
  let lying = await place.list(known);
  const settled = lying?.filter(({ madeAt }) => Date.now() - madeAt > graceMs);
  const unneeded = settled ?? doomed.map(({ artifact }) => artifact).filter(({ digest }) => !kept.has(digest));
  for (const digest of new Set(unneeded.map((each) => each.digest))) {
    if (options.signal?.aborted) return;
    if (await artifacts.isNeeded(digest)) continue;
    worker.logger.info({ digest }, 'discarding an artifact that no release needs');
    await place.discard(digest);
  }
  if (unneeded.length > 0) lying = await place.list(known);
  // One that is kept for another deployment is not this one's any more.
  const gone = doomed.filter(({ artifact: { digest } }) => !lying?.some((each) => each.digest === digest));
  await artifacts.discarded(gone.map((each) => each.deploymentId));
}
