import { type App, createServer, registerHealth } from '@pierhead/http';
import { disabledHeader, entryKinds, type HostSettings } from '@pierhead/model';
import { faultyPlugins } from '@pierhead/plugin-host';
import type { FastifyBaseLogger } from 'fastify';
import type { CatalogSource } from './catalog-source.js';
import { pluginRoutes } from './plugin-routes.js';
import { registryRoutes } from './registry-routes.js';
import { serviceRoutes } from './service-routes.js';

export interface Catalog {
  source: CatalogSource;
  /** Given to deep validations. */
  host: HostSettings;
  logger: FastifyBaseLogger;
  shutdownGraceSeconds?: number | undefined;
}

/** The catalog's server, not yet listening. */
export async function createCatalog({ source, host, logger, shutdownGraceSeconds }: Catalog): Promise<App> {
  const app = await createServer({
    name: 'catalog',
    version: '0.1.0',
    logger,
    shutdownGraceSeconds,
    // The api sends what a client sent it, beside what it has stored.
    bodyLimit: 8 * 2 ** 20,
    keepReadyBy: [disabledHeader],
  });
  registerHealth(app, { checks: { plugins: async () => faultyPlugins(source().plugins()) } });
  for (const kind of entryKinds) registryRoutes(app, kind, source, host);
  serviceRoutes(app, source, host);
  pluginRoutes(app, source);
  return app;
}
