import type { Artifact, ArtifactName } from './artifact.js';
import type { CallContext } from './context.js';
import type { Problem } from './errors.js';
import type { Source } from './source.js';
import type { Unavailable } from './unavailable.js';

/** An artifact as it lies on a machine. */
export interface LocalArtifact {
  /** `sha256:…` */
  digest: string;
  /** When it was last made, or made again, in milliseconds since 1970. */
  madeAt: number;
}

/** How source becomes an artifact. One fresh instance serves one deployment. */
export interface Builder<Config = unknown> {
  validateConfig?(config: Config, context: CallContext): Promise<Problem[]>;
  /** Throws UserError with the line that caused it when the source cannot be built. */
  build(source: Source, config: Config, context: CallContext): Promise<Artifact>;
  /**
   * What an artifact depends on beside the files and the config, such as the digests of base images as they are now;
   * null when it has to be built each time. Without it, equal files and configs give equal artifacts. One that is written
   * `name@sha256:…` is named in the provenance of the artifact.
   */
  inputs?(source: Source, config: Config, context: CallContext): Promise<string[] | null>;
  /** Removes an artifact that no release needs any more. One that is gone, in use or not the builder's own is left alone. */
  discard?(artifact: ArtifactName, context: CallContext): Promise<void>;
  /**
   * The images of this installation that this builder made and that lie on this machine, also those that no deployment
   * knows of; null when it cannot tell. Without it, only what deployments know of is discarded.
   * @param except digests that need not be told
   */
  list?(except: readonly string[], context: CallContext): Promise<LocalArtifact[] | null>;
  /** Why this machine cannot use the builder, or null. */
  unavailable?(context: Pick<CallContext, 'host' | 'signal'>): Promise<Unavailable | null>;
  /** The folders of this machine that building fills beside its workspace; none where they lie elsewhere. */
  fills?(context: Pick<CallContext, 'host' | 'signal'>): Promise<string[]>;
  /** What the operator of this machine should know of building here, one sentence each; repeated while it holds. */
  notices?(context: Pick<CallContext, 'host' | 'signal'>): Promise<string[]>;
  /** Lets go of what the instance holds, at the end of its deployment. */
  dispose?(): Promise<void>;
}
