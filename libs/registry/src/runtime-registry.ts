import type {
  BuilderMetadata,
  CallContext,
  ConfigSchema,
  Runtime,
  RuntimeManifest,
  RuntimeMetadata,
  ValidationResult,
} from '@pierhead/model';
import { Registry } from './registry.js';

/** What can run an artifact. What is absent is null. */
export class RuntimeRegistry {
  readonly #registry = new Registry<Runtime, RuntimeManifest>('runtime');
  readonly #builders: () => BuilderMetadata[];

  constructor(peers: { builders: () => BuilderMetadata[] }) {
    this.#builders = peers.builders;
  }

  /** Throws UserError when the id is taken or the manifest is malformed. */
  registerRuntime(manifest: RuntimeManifest): void {
    this.#registry.register(manifest);
  }

  getAllRuntimes(): RuntimeMetadata[] {
    return this.#registry.manifests().flatMap(({ id }) => this.getRuntimeMetadata(id) ?? []);
  }

  getRuntimeMetadata(id: string): RuntimeMetadata | null {
    const manifest = this.#registry.manifest(id);
    const metadata = this.#registry.metadata(id);
    return manifest && metadata && { ...metadata, accepts: [...manifest.accepts] };
  }

  getRuntimeSchema(id: string, version?: string): ConfigSchema | null {
    return this.#registry.schema(id, version);
  }

  /** A fresh instance, so that deployments share no state. */
  getRuntime(id: string, version?: string): Promise<Runtime | null> {
    return this.#registry.instance(id, version);
  }

  /** The builders whose artifacts the runtime accepts; none for an unknown id. */
  getCompatibleBuilders(runtimeId: string): BuilderMetadata[] {
    const accepts = this.#registry.manifest(runtimeId)?.accepts;
    return accepts ? this.#builders().filter((builder) => accepts.includes(builder.produces)) : [];
  }

  /** With a context, also asks the runtime itself. */
  validateRuntimeConfig(id: string, config: unknown, context?: CallContext): Promise<ValidationResult | null> {
    return this.#registry.validate(id, config, context);
  }
}
