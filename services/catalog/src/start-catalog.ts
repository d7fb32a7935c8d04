import { builders } from '@pierhead/builders';
import type { Config } from '@pierhead/config';
import { createLogger } from '@pierhead/logger';
import { providers } from '@pierhead/providers';
import { createRegistries } from '@pierhead/registry';
import { runtimes } from '@pierhead/runtimes';
import { createCatalog } from './create-catalog.js';

export type CatalogConfig = Pick<
  Config,
  'catalogHost' | 'catalogPort' | 'logLevel' | 'dockerHost' | 'dockerNetwork' | 'egressAllow'
>;

/** Serves the built-in providers, builders and runtimes; port 0 takes any free one. */
export async function startCatalog(config: CatalogConfig): Promise<{ url: string; close(): Promise<void> }> {
  const { dockerHost, dockerNetwork, egressAllow } = config;
  const app = await createCatalog({
    registries: createRegistries({ providers, builders, runtimes }),
    host: { dockerHost, dockerNetwork, egressAllow },
    logger: createLogger('catalog', config.logLevel),
  });
  const url = await app.listen({ host: config.catalogHost, port: config.catalogPort });
  return { url, close: async () => app.close() };
}
