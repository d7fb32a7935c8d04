import type {
  BuilderMetadata,
  ConfigSchema,
  Problem,
  Provider,
  ProviderManifest,
  ProviderMetadata,
  ValidationResult,
} from '@pierhead/model';
import type { ValidateOptions } from './entry.js';
import { type MigratedConfig, Registry } from './registry.js';

/** Where source can come from. What is absent is null. */
export class ProviderRegistry {
  readonly #registry = new Registry<Provider, ProviderManifest>('provider');
  readonly #builders: () => BuilderMetadata[];

  constructor(peers: { builders: () => BuilderMetadata[] }) {
    this.#builders = peers.builders;
  }

  /** Throws UserError when the manifest is malformed, or its id has that version already. */
  registerProvider(manifest: ProviderManifest): void {
    this.#registry.register(manifest);
  }

  /** The newest version of each. */
  getAllProviders(): ProviderMetadata[] {
    return this.#registry.manifests().flatMap(({ id }) => this.getProviderMetadata(id) ?? []);
  }

  getProviderMetadata(id: string, version?: string): ProviderMetadata | null {
    const manifest = this.#registry.manifest(id, version);
    const metadata = this.#registry.metadata(id, version);
    return manifest && metadata && { ...metadata, produces: manifest.produces };
  }

  getProviderSchema(id: string, version?: string): ConfigSchema | null {
    return this.#registry.schema(id, version);
  }

  /** A fresh instance, so that deployments share no state; its taker disposes of it. */
  getProvider(id: string, version?: string): Promise<Provider | null> {
    return this.#registry.instance(id, version);
  }

  /** The builders that accept what the provider produces; none for an unknown id. */
  getCompatibleBuilders(providerId: string, version?: string): BuilderMetadata[] {
    const produces = this.#registry.manifest(providerId, version)?.produces;
    return produces ? this.#builders().filter((builder) => builder.accepts.includes(produces)) : [];
  }

  /** Why a manifest cannot be registered. */
  problemsOf(manifest: ProviderManifest): Problem[] {
    return this.#registry.problems(manifest);
  }

  /** With a context, also asks the provider itself. */
  validateProviderConfig(id: string, config: unknown, options?: ValidateOptions): Promise<ValidationResult | null> {
    return this.#registry.validate(id, config, options);
  }

  /** Carries a config from an older version to `to`, the newest unless given; null when either is unknown. */
  migrateProviderConfig(id: string, config: unknown, from: string, to?: string): Promise<MigratedConfig | null> {
    return this.#registry.migrate(id, config, from, to);
  }
}
