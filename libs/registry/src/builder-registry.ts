import type {
  Builder,
  BuilderManifest,
  BuilderMetadata,
  CallContext,
  ConfigSchema,
  ProviderMetadata,
  RuntimeMetadata,
  ValidationResult,
} from '@pierhead/model';
import { Registry } from './registry.js';

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

  /** Throws UserError when the id is taken or the manifest is malformed. */
  registerBuilder(manifest: BuilderManifest): void {
    this.#registry.register(manifest);
  }

  getAllBuilders(): BuilderMetadata[] {
    return this.#registry.manifests().flatMap(({ id }) => this.getBuilderMetadata(id) ?? []);
  }

  getBuilderMetadata(id: string): BuilderMetadata | null {
    const manifest = this.#registry.manifest(id);
    const metadata = this.#registry.metadata(id);
    return manifest && metadata && { ...metadata, accepts: [...manifest.accepts], produces: manifest.produces };
  }

  getBuilderSchema(id: string, version?: string): ConfigSchema | null {
    return this.#registry.schema(id, version);
  }

  /** A fresh instance, so that deployments share no state. */
  getBuilder(id: string, version?: string): Promise<Builder | null> {
    return this.#registry.instance(id, version);
  }

  /** The providers whose source the builder accepts; none for an unknown id. */
  getCompatibleProviders(builderId: string): ProviderMetadata[] {
    const accepts = this.#registry.manifest(builderId)?.accepts;
    return accepts ? this.#peers.providers().filter((provider) => accepts.includes(provider.produces)) : [];
  }

  /** The runtimes that accept what the builder produces; none for an unknown id. */
  getCompatibleRuntimes(builderId: string): RuntimeMetadata[] {
    const produces = this.#registry.manifest(builderId)?.produces;
    return produces ? this.#peers.runtimes().filter((runtime) => runtime.accepts.includes(produces)) : [];
  }

  /** With a context, also asks the builder itself. */
  validateBuilderConfig(id: string, config: unknown, context?: CallContext): Promise<ValidationResult | null> {
    return this.#registry.validate(id, config, context);
  }
}
