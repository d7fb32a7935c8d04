import type { Builder } from './builder.js';
import type { ArtifactKind, SourceKind } from './kinds.js';
import type { Provider } from './provider.js';
import type { Runtime } from './runtime.js';
import type { Static, TObject } from './typebox.js';

type MaybePromise<T> = T | Promise<T>;

/** What every registry entry tells of itself without loading its implementation. */
export interface Manifest<Instance = unknown, Schema extends TObject = TObject> {
  id: string;
  /** Semver. */
  version: string;
  name: string;
  description: string;
  icon: string;
  category: string;
  tags: readonly string[];
  configSchema: Schema;
  /** Still works; says what to use instead. */
  deprecated?: string;
  /**
   * Carries a config that was saved with an older version of the entry to this one; `migrations` makes one of steps.
   * Without it, older configs are taken as they are. The result is validated.
   */
  migrateConfig?(config: Record<string, unknown>, from: string): MaybePromise<Record<string, unknown>>;
  /** Imports the implementation; the answer makes a fresh instance at each call. */
  load(): Promise<() => Instance>;
}

export interface ProviderManifest<Schema extends TObject = TObject> extends Manifest<Provider<Static<Schema>>, Schema> {
  produces: SourceKind;
}

export interface BuilderManifest<Schema extends TObject = TObject> extends Manifest<Builder<Static<Schema>>, Schema> {
  accepts: readonly SourceKind[];
  produces: ArtifactKind;
}

export interface RuntimeManifest<Schema extends TObject = TObject> extends Manifest<Runtime<Static<Schema>>, Schema> {
  accepts: readonly ArtifactKind[];
  /** Whether it runs commands beside releases: its instances have `run`, `runs` and `endRun`. */
  commands?: boolean;
}

/** Typed identity: ties `load` to the config that `configSchema` describes, then forgets the type. */
export const defineProvider = <S extends TObject>(manifest: ProviderManifest<S>) =>
  manifest as unknown as ProviderManifest;
export const defineBuilder = <S extends TObject>(manifest: BuilderManifest<S>) =>
  manifest as unknown as BuilderManifest;
export const defineRuntime = <S extends TObject>(manifest: RuntimeManifest<S>) =>
  manifest as unknown as RuntimeManifest;
