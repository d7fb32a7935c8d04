import plugin from 'fastify-plugin';
import { collectDefaultMetrics, Histogram, Registry, register } from 'prom-client';

declare module 'fastify' {
  interface FastifyInstance {
    /** What this server measures; add own metrics to it. */
    metrics: Registry;
    observeRequest(exchange: { method: string; route: string; status: number; ms: number }): void;
  }
}

const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** `GET /metrics` for Prometheus: the process, and request durations by route template. */
export const metrics = plugin<{ name: string }>(async (app, { name }) => {
  const own = new Registry();
  own.setDefaultLabels({ server: name });
  // One process may run several servers; what is measured of the process is measured once.
  if (!register.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics();
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    registers: [own],
    buckets,
  });

  app.decorate('metrics', own);
  const series = new Map<string, { observe(seconds: number): void }>();
  app.decorate('observeRequest', ({ method, route, status, ms }) => {
    const key = `${method} ${status} ${route}`;
    const known = series.get(key) ?? durations.labels({ method, route, status });
    series.set(key, known);
    known.observe(ms / 1_000);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const exchange = { method, route: routeOptions.url ?? 'none', status: reply.statusCode, ms: reply.elapsedTime };
    app.observeRequest(exchange);
    request.log.info(exchange, 'request');
    done();
  });
  app.get('/metrics', { logLevel: 'warn', schema: { hide: true } }, async (_request, reply) => {
    reply.type(register.contentType);
    return `${await register.metrics()}${await own.metrics()}`;
  });
});
