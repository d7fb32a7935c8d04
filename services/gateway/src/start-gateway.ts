import { join } from 'node:path';
import type { Needs } from '@pierhead/config';
import { connect, newId, routeSource } from '@pierhead/database';
import { requestsGraceMs } from '@pierhead/http';
import { createLogger } from '@pierhead/logger';
import { createFolderStorage } from '@pierhead/storage';
import { type Gateway, openGateway } from './open-gateway.js';

/** Serves user traffic by the routes in the database and the files in the data folder. */
export async function startGateway(config: Needs<'databaseUrl'>): Promise<Gateway> {
  const database = connect(config.databaseUrl, { name: 'gateway', max: 2 });
  const gateway = await openGateway({
    host: config.gatewayHost,
    port: config.gatewayPort,
    adminPort: config.gatewayAdminPort,
    routeSource: routeSource(database, { gatewayId: newId(), baseDomain: config.baseDomain }),
    storage: createFolderStorage(join(config.dataDir, 'storage'), { findUpload: async () => null }),
    logger: createLogger('gateway', config.logLevel),
    limits: { graceMs: requestsGraceMs(config.shutdownGraceSeconds) },
  });
  return {
    ...gateway,
    async close() {
      await gateway.close();
      await database.close();
    },
  };
}
