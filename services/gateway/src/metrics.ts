import { Counter, Gauge, Registry } from 'prom-client';

/** What a gateway counts. */
export interface Metrics {
  registry: Registry;
  /** Counts an answer by the class of its status. */
  countAnswer(status: number): void;
}

/** @param sizes what to read at each scrape */
export function createMetrics(sizes: { routes(): number; pools(): number; webSockets(): number }): Metrics {
  const registry = new Registry();
  const answers = new Counter({
    name: 'pierhead_gateway_responses_total',
    help: 'Responses sent, by class of status.',
    labelNames: ['status'],
    registers: [registry],
  });
  const classes = [1, 2, 3, 4, 5].map((first) => answers.labels(`${first}xx`));
  gauge(registry, 'pierhead_gateway_routes', 'Hostnames routed.', sizes.routes);
  gauge(registry, 'pierhead_gateway_upstream_pools', 'Upstreams with a connection pool.', sizes.pools);
  gauge(registry, 'pierhead_gateway_websockets', 'Open WebSockets.', sizes.webSockets);
  return { registry, countAnswer: (status) => classes[Math.trunc(status / 100) - 1]?.inc() };
}

function gauge(registry: Registry, name: string, help: string, read: () => number) {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
