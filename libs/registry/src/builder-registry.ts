import type {
  Builder,
  BuilderManifest,
  BuilderMetadata,
  ConfigSchema,
  Problem,
  ProviderMetadata,
  RuntimeMetadata,
  ValidationResult,
} from '@pierhead/model';
import type { ValidateOptions } from './entry.js';
import { type MigratedConfig, Registry } from './registry.js';

interface Peers {
  providers: () => ProviderMetadata[];
  runtimes: () => RuntimeMetadata[];
}

/** How source can become an artifact. What is absent is null. */
export class BuilderRegistry {
  readonly #registry = new Registry<Builder, BuilderManifest>('builder');
  readonly #peers: Peers;

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** Throws UserError when the manifest is malformed, or its id has that version already. */
  registerBuilder(manifest: BuilderManifest): void {
    this.#registry.register(manifest);
  }

  /** The newest version of each. */
  getAllBuilders(): BuilderMetadata[] {
    return this.#registry.manifests().flatMap(({ id }) => this.getBuilderMetadata(id) ?? []);
  }

  getBuilderMetadata(id: string, version?: string): BuilderMetadata | null {
    const manifest = this.#registry.manifest(id, version);
    const metadata = this.#registry.metadata(id, version);
    return manifest && metadata && { ...metadata, accepts: [...manifest.accepts], produces: manifest.produces };
  }

  getBuilderSchema(id: string, version?: string): ConfigSchema | null {
    return this.#registry.schema(id, version);
  }

  /** A fresh instance, so that deployments share no state; its taker disposes of it. */
  getBuilder(id: string, version?: string): Promise<Builder | null> {
    return this.#registry.instance(id, version);
  }

  /** The providers whose source the builder accepts; none for an unknown id. */
  getCompatibleProviders(builderId: string, version?: string): ProviderMetadata[] {
    const accepts = this.#registry.manifest(builderId, version)?.accepts;
    return accepts ? this.#peers.providers().filter((provider) => accepts.includes(provider.produces)) : [];
  }

  /** The runtimes that accept what the builder produces; none for an unknown id. */
  getCompatibleRuntimes(builderId: string, version?: string): RuntimeMetadata[] {
    const produces = this.#registry.manifest(builderId, version)?.produces;
    return produces ? this.#peers.runtimes().filter((runtime) => runtime.accepts.includes(produces)) : [];
  }

  /** Why a manifest cannot be registered. */
  problemsOf(manifest: BuilderManifest): Problem[] {
    return this.#registry.problems(manifest);
  }

  /** With a context, also asks the builder itself. */
  validateBuilderConfig(id: string, config: unknown, options?: ValidateOptions): Promise<ValidationResult | null> {
    return this.#registry.validate(id, config, options);
  }

  /** Carries a config from an older version to `to`, the newest unless given; null when either is unknown. */
  migrateBuilderConfig(id: string, config: unknown, from: string, to?: string): Promise<MigratedConfig | null> {
    return this.#registry.migrate(id, config, from, to);
  }
}
