import type { CallContext } from './context.js';
import type { Problem } from './errors.js';
import type { Revision, Source, Want } from './source.js';
import type { Unavailable } from './unavailable.js';

/** Where source comes from. One fresh instance serves one deployment. */
export interface Provider<Config = unknown> {
  /** Asks the outside world whether the config can work; the schema has been checked already. */
  validateConfig?(config: Config, context: CallContext): Promise<Problem[]>;
  /** Turns a branch, tag or upload into an immutable revision. Throws UserError when there is none. */
  resolveRevision(config: Config, want: Want, context: CallContext): Promise<Revision>;
  /** Puts the revision's source into `workspace`, an empty folder. */
  fetchSource(revision: Revision, config: Config, workspace: string, context: CallContext): Promise<Source>;
  /** Why this machine cannot use the provider, or null. */
  unavailable?(context: Pick<CallContext, 'host' | 'signal'>): Promise<Unavailable | null>;
  /** Lets go of what the instance holds, at the end of its deployment. */
  dispose?(): Promise<void>;
}
