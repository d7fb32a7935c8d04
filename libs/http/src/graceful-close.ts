import plugin from 'fastify-plugin';
import { Drain } from './drain.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** How this server ends; its `close` runs it. */
    drain: Drain;
  }
}

/** Of a service's grace, the part that its requests may take: queue and database are closed in the rest. */
export const requestsGraceMs = (graceSeconds: number) => graceSeconds * 800;

/** `close` loses no request: connections are drained before the server stops listening. */
export const gracefulClose = plugin<{ graceSeconds: number }>(async (app, { graceSeconds }) => {
  const drain = new Drain(app.server, requestsGraceMs(graceSeconds));
  app.decorate('drain', drain);
  app.addHook('preClose', () => drain.run());
});
