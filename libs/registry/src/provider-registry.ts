import type {
  BuilderMetadata,
  CallContext,
  ConfigSchema,
  Provider,
  ProviderManifest,
  ProviderMetadata,
  ValidationResult,
} from '@pierhead/model';
import { Registry } from './registry.js';

/** Where source can come from. What is absent is null. */
export class ProviderRegistry {
  readonly #registry = new Registry<Provider, ProviderManifest>('provider');
  readonly #builders: () => BuilderMetadata[];

  constructor(peers: { builders: () => BuilderMetadata[] }) {
    this.#builders = peers.builders;
  }

  /** Throws UserError when the id is taken or the manifest is malformed. */
  registerProvider(manifest: ProviderManifest): void {
    this.#registry.register(manifest);
  }

  getAllProviders(): ProviderMetadata[] {
    return this.#registry.manifests().flatMap(({ id }) => this.getProviderMetadata(id) ?? []);
  }

  getProviderMetadata(id: string): ProviderMetadata | null {
    const manifest = this.#registry.manifest(id);
    const metadata = this.#registry.metadata(id);
    return manifest && metadata && { ...metadata, produces: manifest.produces };
  }

  getProviderSchema(id: string, version?: string): ConfigSchema | null {
    return this.#registry.schema(id, version);
  }

  /** A fresh instance, so that deployments share no state. */
  getProvider(id: string, version?: string): Promise<Provider | null> {
    return this.#registry.instance(id, version);
  }

  /** The builders that accept what the provider produces; none for an unknown id. */
  getCompatibleBuilders(providerId: string): BuilderMetadata[] {
    const produces = this.#registry.manifest(providerId)?.produces;
    return produces ? this.#builders().filter((builder) => builder.accepts.includes(produces)) : [];
  }

  /** With a context, also asks the provider itself. */
  validateProviderConfig(id: string, config: unknown, context?: CallContext): Promise<ValidationResult | null> {
    return this.#registry.validate(id, config, context);
  }
}
