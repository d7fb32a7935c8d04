import { type App, createServer, registerHealth } from '@pierhead/http';
import { BuilderMetadata, type HostSettings, ProviderMetadata, RuntimeMetadata } from '@pierhead/model';
import type { Registries } from '@pierhead/registry';
import type { FastifyBaseLogger } from 'fastify';
import { registryRoutes } from './registry-routes.js';
import { serviceRoutes } from './service-routes.js';

export interface Catalog {
  registries: Registries;
  /** Given to deep validations. */
  host: HostSettings;
  logger: FastifyBaseLogger;
}

/** The catalog's server, not yet listening. */
export async function createCatalog({ registries, host, logger }: Catalog): Promise<App> {
  const { providers, builders, runtimes } = registries;
  const app = await createServer({ name: 'catalog', version: '0.1.0', logger });
  registerHealth(app, { checks: {} });
  registryRoutes(app, host, {
    noun: 'provider',
    metadataSchema: ProviderMetadata,
    all: () => providers.getAllProviders(),
    metadata: (id) => providers.getProviderMetadata(id),
    schema: (id, version) => providers.getProviderSchema(id, version),
    validate: (id, config, context) => providers.validateProviderConfig(id, config, context),
    compatible: { builders: { schema: BuilderMetadata, of: (id) => providers.getCompatibleBuilders(id) } },
  });
  registryRoutes(app, host, {
    noun: 'builder',
    metadataSchema: BuilderMetadata,
    all: () => builders.getAllBuilders(),
    metadata: (id) => builders.getBuilderMetadata(id),
    schema: (id, version) => builders.getBuilderSchema(id, version),
    validate: (id, config, context) => builders.validateBuilderConfig(id, config, context),
    compatible: {
      providers: { schema: ProviderMetadata, of: (id) => builders.getCompatibleProviders(id) },
      runtimes: { schema: RuntimeMetadata, of: (id) => builders.getCompatibleRuntimes(id) },
    },
  });
  registryRoutes(app, host, {
    noun: 'runtime',
    metadataSchema: RuntimeMetadata,
    all: () => runtimes.getAllRuntimes(),
    metadata: (id) => runtimes.getRuntimeMetadata(id),
    schema: (id, version) => runtimes.getRuntimeSchema(id, version),
    validate: (id, config, context) => runtimes.validateRuntimeConfig(id, config, context),
    compatible: { builders: { schema: BuilderMetadata, of: (id) => runtimes.getCompatibleBuilders(id) } },
  });
  serviceRoutes(app, host, registries);
  return app;
}
