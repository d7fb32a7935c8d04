import type { Artifact, KeptFor } from '@pierhead/model';

/** A deployment whose artifact has not been discarded. */
export interface HeldArtifact {
  deploymentId: string;
  serviceId: string;
  environment: string;
  builderId: string;
  artifact: Artifact;
  live: boolean;
  /** Waits or runs. */
  unfinished: boolean;
  /** Among the newest succeeded ones of its service and environment, as many as the service keeps. */
  rollback: boolean;
}

/** What is kept, by digest, and which deployments' artifacts are not needed any more. */
export interface ArtifactPlan {
  kept: Map<string, KeptArtifact>;
  doomed: HeldArtifact[];
}

interface KeptArtifact {
  artifact: Artifact;
  for: KeptFor[];
}

/**
 * Decides what is kept: what is live, what an unfinished deployment has made, and rollback releases, of which the
 * oldest give way where all together are larger than `budget` bytes.
 */
export function planArtifacts(held: readonly HeldArtifact[], budget: number = Number.POSITIVE_INFINITY): ArtifactPlan {
  const needed = held.filter((each) => each.live || each.unfinished);
  const kept = new Map<string, KeptArtifact>();
  for (const each of needed) keep(each, kept);
  let bytes = [...kept.values()].reduce((sum, { artifact }) => sum + artifact.bytes, 0);

  const rollbacks = held.filter((each) => each.rollback && !needed.includes(each)).toSorted(newestFirst);
  let full = false;
  for (const each of rollbacks) {
    const more = kept.has(each.artifact.digest) ? 0 : each.artifact.bytes;
    // What is older than the first that does not fit goes as well, so that a smaller one is not kept in its place.
    full ||= bytes + more > budget;
    if (full && more > 0) continue;
    keep(each, kept);
    bytes += more;
  }
  return { kept, doomed: held.filter((each) => !isKept(each, kept)) };
}

const newestFirst = (a: HeldArtifact, b: HeldArtifact) => (a.deploymentId < b.deploymentId ? 1 : -1);

const isKept = ({ deploymentId, artifact }: HeldArtifact, kept: Map<string, KeptArtifact>) =>
  kept.get(artifact.digest)?.for.some((each) => each.deploymentId === deploymentId) ?? false;

function keep({ artifact, live, unfinished, ...each }: HeldArtifact, kept: Map<string, KeptArtifact>): void {
  const { deploymentId, serviceId, environment } = each;
  const reason = live ? 'live' : unfinished ? 'unfinished' : 'rollback';
  const one = kept.get(artifact.digest) ?? { artifact, for: [] };
  one.for.push({ reason, deploymentId, serviceId, environment });
  kept.set(artifact.digest, one);
}
