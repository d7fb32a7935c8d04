import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { createAdminServer } from './admin-server.js';
import { defaultLimits, type GatewayConfig, type GatewayLimits } from './gateway-config.js';
import { createMetrics } from './metrics.js';
import { createPublicServer } from './public-server.js';
import { RouteTable } from './route-table.js';
import { createSiteHandler } from './site/index.js';
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
export async function startGateway(config: GatewayConfig): Promise<Gateway> {
  const { logger, storage, routeSource } = config;
  const limits = { ...defaultLimits, ...config.limits };
  const pools = new UpstreamPools({
    connectTimeout: limits.connectMs,
    headersTimeout: limits.answerMs,
    bodyTimeout: limits.idleMs,
    maxHeaderSize: 64 * 1024,
  });
  const table = new RouteTable({ source: routeSource, logger, onLoad: (routes) => pools.retain(routes) });
  const tunnels = new Tunnels(limits.answerMs);
  const metrics = createMetrics({ routes: () => table.size, pools: () => pools.size, webSockets: () => tunnels.size });
  const options = { limits, logger, table, pools, metrics, site: createSiteHandler({ storage }) };
  const server = await createPublicServer(options);
  acceptUpgrades(server, options, tunnels);
  const admin = createAdminServer({ logger, registry: metrics.registry, isReady: () => table.loaded });
  await server.listen({ host: config.host, port: config.port });
  await admin.listen({ host: '127.0.0.1', port: config.adminPort });
  await table.start();
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= closeAll({ server, admin, table, tunnels, pools, limits });
    return closing;
  };
  return { url: urlOf(server), adminUrl: urlOf(admin), close };
}

interface Parts {
  server: FastifyInstance;
  admin: FastifyInstance;
  table: RouteTable;
  tunnels: Tunnels;
  pools: UpstreamPools;
  limits: GatewayLimits;
}

async function closeAll({ server, admin, table, tunnels, pools, limits }: Parts) {
  tunnels.close();
  // Connections that become idle now would otherwise be kept until their keep-alive ends.
  const reaper = setInterval(() => server.server.closeIdleConnections(), 50);
  const grace = setTimeout(() => {
    tunnels.terminate();
    server.server.closeAllConnections();
  }, limits.graceMs);
  await server.close();
  clearInterval(reaper);
  clearTimeout(grace);
  await Promise.all([table.close(), pools.destroy(), admin.close()]);
}

function urlOf(server: FastifyInstance) {
  const { address, port, family } = server.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
