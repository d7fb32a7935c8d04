import type { AddressInfo } from 'node:net';
import { type App, Drain } from '@pierhead/http';
import type { FastifyInstance } from 'fastify';
import { createAdminServer } from './admin-server.js';
import { checkRelease } from './check-release.js';
import { Connections } from './connections.js';
import { defaultLimits, type GatewayLimits, type GatewayOptions } from './gateway-options.js';
import { registerMetrics } from './metrics.js';
import { createPublicServer } from './public-server.js';
import { RouteTable } from './route-table.js';
import { createSiteHandler } from './site/index.js';
import { TrafficReport } from './traffic-report.js';
import { Tunnels } from './tunnels.js';
import { acceptUpgrades } from './upgrades.js';
import { UpstreamPools } from './upstream-pools.js';

export interface Gateway {
  url: string;
  adminUrl: string;
  /** Stops accepting, finishes what is in flight within the grace, closes WebSockets with 1001. */
  close(): Promise<void>;
}

/** Serves user traffic. Starts without its routes if their source is away, and takes them when it comes. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { logger, storage, routeSource } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const tunnels = new Tunnels(limits.answerMs);
  const pools: UpstreamPools = new UpstreamPools({
    pool: {
      connectTimeout: limits.connectMs,
      headersTimeout: limits.answerMs,
      bodyTimeout: limits.idleMs,
      maxHeaderSize: 64 * 1024,
    },
    onOverdue: (replica) => tunnels.close(replica),
    // Whoever waits for it learns it from the acknowledgement of the next reading.
    onDrained: () => void table.reload(),
  });
  const table = new RouteTable({
    source: routeSource,
    logger,
    onLoad: (routes, before) => pools.retain(before, routes),
    check: (route, signal) => checkRelease(route, storage, signal),
    draining: () => pools.draining(),
  });
  const admin = await createAdminServer(logger, table);
  const countResponse = registerMetrics(admin.metrics, {
    routes: () => table.size,
    pools: () => pools.size,
    webSockets: () => tunnels.size,
  });
  const traffic = new TrafficReport(routeSource, logger);
  const parts = {
    limits,
    logger,
    table,
    pools,
    countResponse,
    traffic,
    connections: new Connections(),
    site: createSiteHandler({ storage }),
  };
  const server = await createPublicServer(parts);
  acceptUpgrades(server, parts, tunnels);
  const drain = new Drain(server.server, limits.graceMs);
  server.addHook('preClose', async () => {
    await drain.run();
    // Those that came while it still listened.
    tunnels.close();
  });
  await admin.listen({ host: options.adminHost ?? '127.0.0.1', port: options.adminPort });
  // Whoever can connect is served, unless the routes could not be read at all.
  await table.start();
  await server.listen({ host: options.host, port: options.port });
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= closeAll({ server, admin, table, tunnels, pools, limits, traffic });
    return closing;
  };
  return { url: urlOf(server), adminUrl: urlOf(admin), close };
}

interface Parts {
  server: FastifyInstance;
  admin: App;
  table: RouteTable;
  tunnels: Tunnels;
  pools: UpstreamPools;
  traffic: TrafficReport;
  limits: GatewayLimits;
}

async function closeAll({ server, admin, table, tunnels, pools, limits, traffic }: Parts) {
  admin.drain.begin();
  tunnels.close();
  const grace = setTimeout(() => tunnels.terminate(), limits.graceMs);
  await server.close();
  clearTimeout(grace);
  await traffic.close();
  await Promise.all([table.close(), pools.destroy(), admin.close()]);
}

function urlOf(server: FastifyInstance | App) {
  const { address, port, family } = server.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
