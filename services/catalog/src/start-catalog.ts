import { availableParallelism } from 'node:os';
import type { Needs } from '@pierhead/config';
import { createLogger } from '@pierhead/logger';
import { createRegistrySource, type RegistrySource } from '@pierhead/plugin-host';
import type { Manifests } from '@pierhead/registry';

export type CatalogConfig = Pick<
  Needs<'catalogToken'>,
  | 'catalogHost'
  | 'catalogPort'
  | 'catalogToken'
  | 'logLevel'
  | 'dockerHost'
  | 'dockerNetwork'
  | 'dockerSubnets'
  | 'egressAllow'
  | 'plugins'
> & { shutdownGraceSeconds?: number | undefined };

export interface RunningCatalog {
  url: string;
  /** Reads the plugins anew; requests under way keep what they have. */
  reload(): Promise<unknown>;
  close(): Promise<void>;
}

/** Plugins that hang in many validations leave the processor to others. */
const limits = { callsAtOnce: 4 * availableParallelism() };

/**
 * Serves the built-in providers, builders and runtimes and those of plugins, to whoever has the catalog's token; port 0
 * takes any free one.
 */
export async function startCatalog(config: CatalogConfig): Promise<RunningCatalog> {
  const { dockerHost, dockerNetwork, dockerSubnets, egressAllow, plugins } = config;
  const logger = createLogger('catalog', config.logLevel);
  // Plugins are read in their thread while the server is made here; it serves nothing before it listens.
  let source: RegistrySource | undefined;
  const reading = createRegistrySource({ builtIn: builtInManifests(), plugins, logger, limits });
  reading.catch(() => {});
  const { admitApi, createCatalog } = await import('./create-catalog.js');
  const host = { installation: '', dockerHost, dockerNetwork, dockerSubnets, egressAllow };
  const app = await createCatalog({
    source: () => source!,
    host,
    logger,
    shutdownGraceSeconds: config.shutdownGraceSeconds,
  });
  admitApi(app, config.catalogToken);
  await app.ready();
  source = await reading;
  source.onReload(() => app.readyAnswers?.clear());
  const url = await app.listen({ host: config.catalogHost, port: config.catalogPort });
  return {
    url,
    reload: source.reload,
    async close() {
      await app.close();
      await source?.close();
    },
  };
}

/** Imported while the plugins are being read. */
async function builtInManifests(): Promise<Manifests> {
  const [{ providers }, { builders }, { runtimes }] = await Promise.all([
    import('@pierhead/providers'),
    import('@pierhead/builders'),
    import('@pierhead/runtimes'),
  ]);
  return { providers, builders, runtimes };
}
