import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '@pierhead/model';
import type { FastifyInstance } from 'fastify';
import { admit } from './admission.js';
import { hasBody } from './body-limit.js';
import { type Problem, responseOn, sendProblem } from './problem.js';
import { filesOnly, noUpstreams, unsupportedUpgrade } from './problems.js';
import type { PublicServerOptions } from './public-server.js';
import type { Tunnels, Upgrade } from './tunnels.js';
import { upstreamProblem } from './upstream-problem.js';

/** Lets WebSockets through to releases. */
export function acceptUpgrades(server: FastifyInstance, options: PublicServerOptions, tunnels: Tunnels) {
  server.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // The client may leave at any time; whoever owns the socket next sees its close.
    socket.on('error', () => socket.destroy());
    // Sent before the answer to the request ahead of it: there is no place for an answer to this one.
    if (options.connections.isBusy(socket)) return socket.destroy();
    if (request.headers.upgrade?.toLowerCase() === 'websocket')
      return join({ request, socket, head }, options, tunnels);
    // Some clients offer HTTP/2 with their first request; staying with HTTP/1.1 is the answer to that.
    if (!hasBody(request)) return server.routing(request, responseOn(request, socket) as ServerResponse);
    sendProblem(request, responseOn(request, socket), unsupportedUpgrade);
  });
}

function join(upgrade: Upgrade, { table, limits, pools, logger }: PublicServerOptions, tunnels: Tunnels) {
  const { request, socket } = upgrade;
  const refuse = (problem: Problem) => sendProblem(request, responseOn(request, socket), problem);
  const { route, problem } = admit(request, table, limits.bodyBytes);
  if (problem) return refuse(problem);
  if (route.upstreams.some(({ kind }) => kind === 'files')) return refuse(filesOnly(route.hostname));
  const replicas = pools.choose(route);
  if (replicas.length === 0) return refuse(noUpstreams(route.hostname));
  tunnels.join(upgrade, replicas).catch((error: unknown) => {
    if (socket.destroyed) return;
    const requestId = refuse(upstreamProblem(error, route.hostname, limits.bodyBytes));
    logger.warn({ requestId, reason: messageOf(error) }, 'refused a WebSocket');
  });
}
