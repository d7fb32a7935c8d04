import type {
  BuilderMetadata,
  ConfigSchema,
  EntryKind,
  ProviderMetadata,
  RuntimeMetadata,
  ValidationResult,
} from '@pierhead/model';
import type { MigratedConfig, Registries, ValidateOptions } from '@pierhead/registry';

export type AnyMetadata = ProviderMetadata | BuilderMetadata | RuntimeMetadata;

/** One registry, whichever kind it is of. Without a version the newest is meant; what is absent is null. */
export interface Shelf<M extends AnyMetadata = AnyMetadata> {
  kind: EntryKind;
  all(): M[];
  metadata(id: string, version?: string): M | null;
  schema(id: string, version?: string): ConfigSchema | null;
  validate(id: string, config: unknown, options?: ValidateOptions): Promise<ValidationResult | null>;
  migrate(id: string, config: unknown, from: string, to?: string): Promise<MigratedConfig | null>;
  /** The entries of the other kinds that go with one of this kind. */
  fitting: Partial<Record<EntryKind, (id: string, version?: string) => AnyMetadata[]>>;
}

export interface Shelves {
  provider: Shelf<ProviderMetadata>;
  builder: Shelf<BuilderMetadata>;
  runtime: Shelf<RuntimeMetadata>;
}

export const shelvesOf = ({ providers, builders, runtimes }: Registries): Shelves => ({
  provider: {
    kind: 'provider',
    all: () => providers.getAllProviders(),
    metadata: (id, version) => providers.getProviderMetadata(id, version),
    schema: (id, version) => providers.getProviderSchema(id, version),
    validate: (id, config, options) => providers.validateProviderConfig(id, config, options),
    migrate: (id, config, from, to) => providers.migrateProviderConfig(id, config, from, to),
    fitting: { builder: (id, version) => providers.getCompatibleBuilders(id, version) },
  },
  builder: {
    kind: 'builder',
    all: () => builders.getAllBuilders(),
    metadata: (id, version) => builders.getBuilderMetadata(id, version),
    schema: (id, version) => builders.getBuilderSchema(id, version),
    validate: (id, config, options) => builders.validateBuilderConfig(id, config, options),
    migrate: (id, config, from, to) => builders.migrateBuilderConfig(id, config, from, to),
    fitting: {
      provider: (id, version) => builders.getCompatibleProviders(id, version),
      runtime: (id, version) => builders.getCompatibleRuntimes(id, version),
    },
  },
  runtime: {
    kind: 'runtime',
    all: () => runtimes.getAllRuntimes(),
    metadata: (id, version) => runtimes.getRuntimeMetadata(id, version),
    schema: (id, version) => runtimes.getRuntimeSchema(id, version),
    validate: (id, config, options) => runtimes.validateRuntimeConfig(id, config, options),
    migrate: (id, config, from, to) => runtimes.migrateRuntimeConfig(id, config, from, to),
    fitting: { builder: (id, version) => runtimes.getCompatibleBuilders(id, version) },
  },
});
