import { METHODS } from 'node:http';
import { messageOf, type Route } from '@pierhead/model';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import { admit } from './admission.js';
import type { Connections } from './connections.js';
import { Exchange } from './exchange.js';
import type { GatewayLimits } from './gateway-options.js';
import { type Problem, sendProblem } from './problem.js';
import { noUpstreams } from './problems.js';
import type { RouteTable } from './route-table.js';
import type { SiteHandler } from './site/index.js';
import type { TrafficReport } from './traffic-report.js';
import type { UpstreamPools } from './upstream-pools.js';
import { upstreamProblem } from './upstream-problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** When the answer's headers were ready to be sent, by `performance.now()`; 0 before. */
    answeredAt: number;
    /** What is under way to a replica for it. */
    exchange: Exchange | null;
    /** Whether nobody waits for its answer any more. */
    isOver: boolean;
  }
}

export interface PublicServerOptions {
  limits: GatewayLimits;
  logger: FastifyBaseLogger;
  table: RouteTable;
  pools: UpstreamPools;
  connections: Connections;
  countResponse(status: number): void;
  traffic: TrafficReport;
  site: SiteHandler;
}

/** The server that users meet. Every method and path of every host is a release's own. */
export async function createPublicServer(options: PublicServerOptions): Promise<FastifyInstance> {
  const { limits, logger, connections } = options;
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Routing is by host; the path is restored before anyone reads it.
    rewriteUrl: () => '/',
    connectionTimeout: limits.idleMs,
    requestTimeout: limits.requestMs,
    http: { headersTimeout: limits.requestHeadersMs, insecureHTTPParser: false },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => connections.refuse(error, socket),
  });
  // Fastify warns of every client that leaves early; failures are logged once, by `fail`.
  const quiet = logger.child({}, { level: 'error' });
  server.setChildLoggerFactory(() => quiet);
  for (const method of METHODS) {
    // Bodies stream through untouched, so Fastify must not look for any.
    if (method !== 'CONNECT') server.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }
  const fail = failWith(logger);
  server.decorateRequest('answeredAt', 0);
  server.decorateRequest('exchange', null);
  server.decorateRequest('isOver', false);
  server.addHook('onSend', (request, _reply, payload, done) => {
    request.answeredAt = performance.now();
    done(null, payload);
  });
  server.route({
    method: server.supportedMethods,
    url: '/',
    exposeHeadRoute: false,
    handler: (request, reply) => {
      request.raw.url = request.originalUrl;
      connections.noteAnswer(request.raw.socket, reply.raw);
      const { route, problem } = admit(request.raw, options.table, limits.bodyBytes);
      const arrived = performance.now();
      connections.whenOver(request.raw.socket, reply.raw, () => {
        request.isOver = true;
        request.exchange?.end();
        const { statusCode, headersSent } = reply.raw;
        options.countResponse(statusCode);
        if (!route) return;
        const ms = (request.answeredAt || performance.now()) - arrived;
        // What had to wait was answered by the next release.
        const { deploymentId } = options.table.lookup(route.hostname) ?? route;
        options.traffic.count(
          route.upstreams.length > 0 ? route.deploymentId : deploymentId,
          headersSent ? statusCode : 0,
          ms,
        );
      });
      if (problem) return fail(reply, problem);
      if (route.upstreams.length > 0) return serve(request, reply, route, options, fail);
      return hold(route, reply, options, (served) => serve(request, reply, served, options, fail));
    },
  });
  server.setErrorHandler((error, _request, reply) => fail(reply, gatewayFault, error));
  return server;
}

const mostHeld = 1_000;
let held = 0;

/** Lets a request wait for its release to come up; more than a number of them get their answer at once. */
async function hold(
  route: Route,
  reply: FastifyReply,
  { table, limits }: PublicServerOptions,
  serve: (route: Route) => unknown,
) {
  if (held >= mostHeld) return serve(route);
  held += 1;
  try {
    const served = await table.lookupServed(route.hostname, limits.holdMs);
    return reply.request.isOver ? reply.hijack() : serve(served ?? route);
  } finally {
    held -= 1;
  }
}

function serve(
  request: FastifyRequest,
  reply: FastifyReply,
  route: Route,
  { pools, site, limits }: PublicServerOptions,
  fail: Fail,
) {
  const files = route.upstreams.find((upstream) => upstream.kind === 'files');
  if (files) return site(request, reply, files);
  const replicas = pools.choose(route);
  if (replicas.length === 0) return fail(reply, noUpstreams(route.hostname));
  request.exchange = new Exchange({
    request: request.raw,
    response: reply.raw,
    replicas,
    bodyLimitBytes: limits.bodyBytes,
    onAnswer: () => {
      request.answeredAt = performance.now();
    },
    onFailure: (cause) => fail(reply, upstreamProblem(cause, route.hostname, limits.bodyBytes), cause),
  });
  reply.hijack();
  request.exchange.send();
  return reply;
}

type Fail = ReturnType<typeof failWith>;

/** Answers with a problem, and logs those that are not the client's under the id that the client sees. */
const failWith = (logger: FastifyBaseLogger) => (reply: FastifyReply, problem: Problem, cause?: unknown) => {
  reply.hijack();
  // The client has left: nobody to tell, nothing wrong.
  if (reply.raw.destroyed) return reply;
  const requestId = sendProblem(reply.request.raw, reply.raw, problem);
  if (problem.status >= 500)
    logger.warn({ requestId, code: problem.code, reason: cause && messageOf(cause) }, 'refused');
  return reply;
};

const gatewayFault: Problem = {
  status: 500,
  code: 'gateway_fault',
  detail: 'The gateway itself failed on this request.',
  hint: "Tell the operator: the gateway's log has the reason under the same request id.",
};
