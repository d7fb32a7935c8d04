import { Counter, Gauge, type Registry } from 'prom-client';

/** What to read at each scrape. */
export interface Sizes {
  routes(): number;
  pools(): number;
  webSockets(): number;
}

/** Adds what a gateway measures to a registry; answers how to count a response by the class of its status. */
export function registerMetrics(registry: Registry, sizes: Sizes): (status: number) => void {
  const responses = new Counter({
    name: 'pierhead_gateway_responses_total',
    help: 'Responses sent, by class of status.',
    labelNames: ['status'],
    registers: [registry],
  });
  const classes = [1, 2, 3, 4, 5].map((first) => responses.labels({ status: `${first}xx` }));
  registerGauge(registry, 'pierhead_gateway_routes', 'Hostnames routed.', sizes.routes);
  registerGauge(registry, 'pierhead_gateway_upstream_pools', 'Upstreams with a connection pool.', sizes.pools);
  registerGauge(registry, 'pierhead_gateway_websockets', 'Open WebSockets.', sizes.webSockets);
  return (status) => classes[Math.trunc(status / 100) - 1]?.inc();
}

function registerGauge(registry: Registry, name: string, help: string, read: () => number) {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
