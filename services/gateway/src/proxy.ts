import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import replyFrom, { type FastifyReplyFromHooks } from '@fastify/reply-from';
import type { Route } from '@pierhead/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Dispatcher } from 'undici';
import { Exchange } from './exchange.js';
import type { Problem } from './problem.js';
import { requestHeaders, responseHeaders } from './proxy-headers.js';
import type { Replica } from './replica.js';
import { upstreamProblem } from './upstream-problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange | null;
  }
}

export interface ProxyOptions {
  bodyLimitBytes: number;
  fail(reply: FastifyReply, problem: Problem, cause: unknown): void;
}

/** Passes a request on to the first of the replicas that can be reached. */
export type PassOn = (request: FastifyRequest, reply: FastifyReply, route: Route, replicas: Replica[]) => FastifyReply;

/** reply-from hands its HTTP client nothing but headers; under this key they carry their exchange. */
const exchangeKey = Symbol('exchange');
type HeadersWithExchange = IncomingHttpHeaders & { [exchangeKey]?: Exchange | null };

/** Makes `app` able to proxy. */
export async function createProxy(app: FastifyInstance, options: ProxyOptions): Promise<PassOn> {
  app.decorateRequest('exchange', null);
  const client = { request: dispatch as Dispatcher['request'] };
  await app.register(replyFrom, { undici: client, disableRequestLogging: true });
  const hooks = hooksOf(options);
  return (request, reply, { hostname }, replicas) => {
    const exchange = new Exchange(request.raw, hostname, replicas, options.bodyLimitBytes);
    request.exchange = exchange;
    reply.raw.once('close', () => exchange.end(reply.raw.writableFinished));
    return reply.from('/', hooks);
  };
}

/** The client that reply-from calls. Of its options only the headers count: the exchange knows the rest better. */
function dispatch(options: Dispatcher.RequestOptions, callback: Parameters<Exchange['send']>[1]) {
  const headers = options.headers as HeadersWithExchange;
  headers[exchangeKey]?.send(headers, (error, data) => {
    try {
      callback(error, data);
    } catch (fault) {
      // An answer that Node refuses to write: thrown into undici it would end the process.
      data?.body?.destroy();
      callback(fault as Error, data);
    }
  });
}

function hooksOf({ fail, bodyLimitBytes }: ProxyOptions): FastifyReplyFromHooks {
  return {
    getUpstream: () => 'http://upstream.invalid',
    // What may be sent again is decided where the connection failed.
    retryDelay: () => null,
    rewriteRequestHeaders: (request) =>
      Object.assign(requestHeaders(request.raw as IncomingMessage), { [exchangeKey]: request.exchange }),
    rewriteHeaders: responseHeaders,
    onResponse: (request, reply, { stream }) => answer(reply as FastifyReply, stream, request.exchange),
    onError: (reply, { error }) => {
      const cause = error.cause ?? error;
      const { exchange } = reply.request;
      if (exchange) fail(reply as FastifyReply, upstreamProblem(cause, exchange.hostname, bodyLimitBytes), cause);
    },
  };
}

function answer(reply: FastifyReply, stream: Readable, exchange: Exchange | null) {
  if (reply.sent) return stream.destroy();
  for (const name of exchange?.trailerNames ?? []) passTrailer(reply, name, exchange?.trailers ?? {});
  reply.send(stream);
  // An event stream may stay silent for long after its headers; Fastify would send them with the first data.
  if (!reply.hasHeader('content-length')) setImmediate(() => reply.raw.destroyed || reply.raw.flushHeaders());
}

function passTrailer(reply: FastifyReply, name: string, trailers: Record<string, string>) {
  try {
    reply.trailer(name, (_reply, _payload, done) => done(null, trailers[name] ?? ''));
  } catch {
    // Fastify knows the names that no trailer may have, such as content-length.
  }
}
