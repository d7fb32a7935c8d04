import type { Artifact, CallContext, Source, Want } from '@pierhead/model';
import type { Scope } from './check.js';

type Config = Record<string, unknown>;

export interface ProviderCase {
  config: Config;
  want?: Want;
  context?: Partial<CallContext>;
  /** Names a branch, upload or file that does not exist. */
  missing?: { config?: Config; want?: Want };
}

/** What a builder is given. */
export interface Input {
  source: Source;
  config?: Config;
}

export interface BuilderCase extends Input {
  context?: Partial<CallContext>;
  /** Cannot be built, through its author's fault. */
  broken?: Input;
}

export interface RuntimeCase {
  /** Becomes healthy when it is started. */
  artifact: Artifact;
  config?: Config;
  variables?: Record<string, string>;
  context?: Partial<CallContext>;
}

/** What it takes to try an entry. */
export interface Fixture<Case, S extends Scope> {
  /** What this machine lacks for it, in words. */
  skip?: string | false;
  prepare(scope: S): Case | Promise<Case>;
}

export type ProviderFixture<S extends Scope = Scope> = Fixture<ProviderCase, S>;
export type BuilderFixture<S extends Scope = Scope> = Fixture<BuilderCase, S>;
export type RuntimeFixture<S extends Scope = Scope> = Fixture<RuntimeCase, S>;

/** What a plugin's fixtures are prepared in. */
export interface PluginScope extends Scope {
  /** A new folder with these files, by their paths; it is deleted afterwards. */
  folder(files?: Record<string, string>): Promise<string>;
}

/** What the `conformance.js` of a plugin exports: how to try each of its entries, by `id`, or by `id@version`, which goes before. */
export interface PluginFixtures {
  providers?: Record<string, ProviderFixture<PluginScope>>;
  builders?: Record<string, BuilderFixture<PluginScope>>;
  runtimes?: Record<string, RuntimeFixture<PluginScope>>;
}
