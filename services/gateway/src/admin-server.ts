import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import type { Registry } from 'prom-client';

export interface AdminServerOptions {
  logger: FastifyBaseLogger;
  registry: Registry;
  /** Whether requests can be routed. */
  isReady(): boolean;
}

/** Health and metrics, on a listener of their own: on the public one they would shadow paths of releases. */
export function createAdminServer({ logger, registry, isReady }: AdminServerOptions): FastifyInstance {
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  });
  server.get('/health', () => ({ status: 'ok' }));
  server.get('/ready', (_request, reply) => {
    const routes = isReady();
    reply.code(routes ? 200 : 503);
    return { status: routes ? 'ok' : 'unavailable', dependencies: { routes: routes ? 'ok' : 'unavailable' } };
  });
  server.get('/metrics', (_request, reply) => reply.type(registry.contentType).send(registry.metrics()));
  return server;
}
