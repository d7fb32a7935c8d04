import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isKnown } from './is-known.js';
import { securityHeaders } from './security-headers.js';

/** A JSON answer that was serialised once. */
export interface ReadyAnswer {
  text: string;
  etag: string;
}

interface Kept {
  etag: string;
  bytes: Buffer;
  route: string;
  /** Names and values in turn, as Node writes them. */
  head: string[];
}

const most = 5_000;

/**
 * Answers that are sent as they are, in front of the router: what was made once costs no more than its bytes. They
 * carry the same headers as every other answer, and are measured and logged like it.
 */
export class ReadyAnswers {
  readonly #kept = new Map<string, Kept>();
  readonly #by: readonly string[];

  /** @param by the request headers that an answer depends on, in lower case */
  constructor(app: FastifyInstance, by: readonly string[]) {
    this.#by = by;
    const [routed, ...others] = app.server.listeners('request') as RequestListener[];
    if (!routed || others.length > 0) throw new Error('The server has not the one listener that Fastify gives it.');
    app.server.removeListener('request', routed);
    app.server.on('request', (request, response) => {
      const answer = request.method === 'GET' && !hasBody(request) && this.#kept.get(this.#keyOf(request));
      if (answer) send(app, request, response, answer);
      else routed(request, response);
    });
  }

  keep(request: IncomingMessage, route: string, answer: ReadyAnswer): void {
    if (request.method !== 'GET') return;
    if (this.#kept.size >= most) this.#kept.clear();
    const { etag } = answer;
    const bytes = Buffer.from(answer.text);
    this.#kept.set(this.#keyOf(request), { etag, bytes, route, head: headOf(etag, bytes) });
  }

  /** Forgets everything: the answers may have changed. */
  clear(): void {
    this.#kept.clear();
  }

  #keyOf(request: IncomingMessage): string {
    return this.#by.reduce((key, name) => `${key}\n${request.headers[name] ?? ''}`, request.url ?? '');
  }
}

const hasBody = ({ headers }: IncomingMessage) => 'content-length' in headers || 'transfer-encoding' in headers;

const headOf = (etag: string, bytes: Buffer) => [
  ...Object.entries(securityHeaders).flat(),
  'content-type',
  'application/json; charset=utf-8',
  'content-length',
  String(bytes.length),
  'cache-control',
  'no-cache',
  'etag',
  etag,
  'x-request-id',
];

function send(app: FastifyInstance, request: IncomingMessage, response: ServerResponse, answer: Kept): void {
  const started = performance.now();
  const id = app.newRequestId();
  const known = isKnown(request.headers['if-none-match'], answer.etag);
  response.writeHead(known ? 304 : 200, [...answer.head, id]);
  response.end(known ? undefined : answer.bytes);
  const { route } = answer;
  const exchange = { method: 'GET', route, status: response.statusCode, ms: performance.now() - started };
  app.observeRequest(exchange);
  app.log.info({ reqId: id, ...exchange }, 'request');
}
