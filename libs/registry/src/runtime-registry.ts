import type {
  BuilderMetadata,
  ConfigSchema,
  Problem,
  Runtime,
  RuntimeManifest,
  RuntimeMetadata,
  ValidationResult,
} from '@pierhead/model';
import type { ValidateOptions } from './entry.js';
import { type MigratedConfig, Registry } from './registry.js';

/** What can run an artifact. What is absent is null. */
export class RuntimeRegistry {
  readonly #registry = new Registry<Runtime, RuntimeManifest>('runtime');
  readonly #builders: () => BuilderMetadata[];

  constructor(peers: { builders: () => BuilderMetadata[] }) {
    this.#builders = peers.builders;
  }

  /** Throws UserError when the manifest is malformed, or its id has that version already. */
  registerRuntime(manifest: RuntimeManifest): void {
    this.#registry.register(manifest);
  }

  /** The newest version of each. */
  getAllRuntimes(): RuntimeMetadata[] {
    return this.#registry.manifests().flatMap(({ id }) => this.getRuntimeMetadata(id) ?? []);
  }

  getRuntimeMetadata(id: string, version?: string): RuntimeMetadata | null {
    const manifest = this.#registry.manifest(id, version);
    const metadata = this.#registry.metadata(id, version);
    return (
      manifest && metadata && { ...metadata, accepts: [...manifest.accepts], commands: manifest.commands ?? false }
    );
  }

  getRuntimeSchema(id: string, version?: string): ConfigSchema | null {
    return this.#registry.schema(id, version);
  }

  /** A fresh instance, so that deployments share no state; its taker disposes of it. */
  getRuntime(id: string, version?: string): Promise<Runtime | null> {
    return this.#registry.instance(id, version);
  }

  /** The builders whose artifacts the runtime accepts; none for an unknown id. */
  getCompatibleBuilders(runtimeId: string, version?: string): BuilderMetadata[] {
    const accepts = this.#registry.manifest(runtimeId, version)?.accepts;
    return accepts ? this.#builders().filter((builder) => accepts.includes(builder.produces)) : [];
  }

  /** Why a manifest cannot be registered. */
  problemsOf(manifest: RuntimeManifest): Problem[] {
    return this.#registry.problems(manifest);
  }

  /** With a context, also asks the runtime itself. */
  validateRuntimeConfig(id: string, config: unknown, options?: ValidateOptions): Promise<ValidationResult | null> {
    return this.#registry.validate(id, config, options);
  }

  /** Carries a config from an older version to `to`, the newest unless given; null when either is unknown. */
  migrateRuntimeConfig(id: string, config: unknown, from: string, to?: string): Promise<MigratedConfig | null> {
    return this.#registry.migrate(id, config, from, to);
  }
}
