import { type App, createServer, registerHealth } from '@pierhead/http';
import { WorldError } from '@pierhead/model';
import type { FastifyBaseLogger } from 'fastify';
import type { RouteTable } from './route-table.js';

/** Health and metrics, on a listener of their own: on the public one they would shadow paths of releases. */
export async function createAdminServer(logger: FastifyBaseLogger, table: RouteTable): Promise<App> {
  const server = await createServer({ name: 'gateway', version: '0.1.0', logger });
  const routes = async () => {
    if (!table.loaded) throw new WorldError('routes_not_loaded', 'The routes have not been read yet.');
  };
  registerHealth(server, { checks: { routes } });
  return server;
}
