import { type App, createServer, type Identity, registerHealth, requireToken, tokenMatcher } from '@pierhead/http';
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

const api: Identity = { tokenId: null, name: 'api', scopes: ['admin'], projects: null };

/** Answers to nobody but the holder of this token, health apart. */
export function admitApi(app: App, token: string): void {
  const isApi = tokenMatcher(token);
  requireToken(app, (given) => (isApi(given) ? api : null));
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
    // What is kept was answered to this token: another one meets the gate.
    keepReadyBy: [disabledHeader, 'authorization'],
  });
  registerHealth(app, { checks: { plugins: async () => faultyPlugins(source().plugins()) } });
  for (const kind of entryKinds) registryRoutes(app, kind, source, host);
  serviceRoutes(app, source, host);
  pluginRoutes(app, source);
  return app;
}
