import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyServerOptions, LogController } from 'fastify';
import { Allowance, limitedAddress } from './allowance.js';
import { allowedMethods } from './allowed-methods.js';
import type { App } from './app.js';
import { bearerAuth } from './bearer-auth.js';
import { eventStreams } from './event-stream.js';
import { gracefulClose } from './graceful-close.js';
import { HttpProblem, problemBody, sendProblem } from './http-problem.js';
import { metrics } from './metrics.js';
import type { OpenApiOptions } from './open-api.js';
import { problemOf } from './problem-of.js';
import { keepReadyAnswers } from './ready-answer.js';
import { sendSecurityHeaders } from './security-headers.js';
import { refuseBadText } from './text-gate.js';
import { refuseUnknownKeys, validatorCompiler } from './validator.js';

declare module 'fastify' {
  interface FastifyInstance {
    newRequestId(): string;
  }
  interface FastifyRequest {
    /** Where the connection came from; a socket that was closed no longer tells. */
    address: string | null;
  }
}

export interface ServerOptions {
  name: string;
  version: string;
  logger: FastifyBaseLogger;
  /** Bytes; 1 MiB by default. A route may set its own. */
  bodyLimit?: number;
  /** How long a whole request may take to arrive, in milliseconds; one minute by default. */
  requestTimeoutMs?: number;
  /** How long the service may take to end; 10 by default. */
  shutdownGraceSeconds?: number | undefined;
  /** Keeps what `sendReady` sends, by these request headers, and sends it in front of the router from then on. */
  keepReadyBy?: readonly string[];
  /** What one address may ask; 0, the default, for no limit. */
  requestsPerMinute?: number | undefined;
  /** Serves `/openapi.json` and `/docs`. */
  openApi?: OpenApiOptions;
}

/** A server with our validation, problems, request ids, headers and metrics; routes are added afterwards. */
export async function createServer(options: ServerOptions): Promise<App> {
  const newRequestId = createRequestIds();
  const app: App = Fastify(fastifyOptions(options, newRequestId)).withTypeProvider<TypeBoxTypeProvider>();
  app.decorate('newRequestId', newRequestId);
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.addHook('onRoute', refuseUnknownKeys);
  app.addHook('preValidation', refuseBadText);
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'request failed');
    return sendProblem(reply, problem);
  });
  app.decorateRequest('address', null);
  app.addHook('onRequest', (request, reply, done) => {
    request.address = request.socket.remoteAddress ?? null;
    reply.header('x-request-id', request.id);
    done();
  });
  await app.register(allowedMethods);
  await app.register(sendSecurityHeaders);
  limitRequests(app, options.requestsPerMinute ?? 0);
  await app.register(bearerAuth);
  await app.register(eventStreams);
  await app.register(metrics, { name: options.name });
  await app.register(keepReadyAnswers, { by: options.keepReadyBy ?? null });
  await app.register(gracefulClose, { graceSeconds: options.shutdownGraceSeconds ?? 10 });
  // Only the api has a document: the others start without loading what makes it.
  if (options.openApi)
    await app.register((await import('./open-api.js')).openApi, { ...options.openApi, version: options.version });
  return app;
}

/** In front of everything that costs more than its bytes. */
function limitRequests(app: App, perMinute: number): void {
  if (perMinute === 0) return;
  const allowance = new Allowance(perMinute);
  app.addHook('onRequest', async (request) => {
    const address = limitedAddress(request.address);
    allowance.assertLeft(address, 'requests');
    allowance.take(address);
  });
}

function fastifyOptions(options: ServerOptions, genReqId: () => string) {
  return {
    loggerInstance: options.logger,
    bodyLimit: options.bodyLimit ?? 1_048_576,
    requestTimeout: options.requestTimeoutMs ?? 60_000,
    trustProxy: false,
    // What arrives while the server drains is answered like everything else.
    return503OnClosing: false,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false as const,
    genReqId,
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError,
  };
}

/** UUIDs that no other process has: a random prefix and a counter, so that no request draws a random one. */
function createRequestIds(): () => string {
  const process = randomUUID().slice(0, 24);
  let count = 0;
  return () => process + (count++).toString(16).padStart(12, '0');
}

/** A URL that the router cannot decode never reaches the hooks. */
const answerFrameworkError: NonNullable<FastifyServerOptions['frameworkErrors']> = (error, request, reply) => {
  sendProblem(reply.header('x-request-id', request.id), problemOf(error));
};

/** What is not HTTP at all never becomes a request. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
  const problem = new HttpProblem(400, 'malformed_request', 'The request is not valid HTTP, or came too slowly.');
  const body = JSON.stringify(problemBody(problem, randomUUID()));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
