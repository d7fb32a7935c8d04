import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Dispatcher } from 'undici';
import { hasBody, limitedBody } from './body-limit.js';
import type { Replica } from './replica.js';

type Callback = (error: Error | null, data: Dispatcher.ResponseData) => void;

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Failures before a connection stood: nothing of the request can have arrived. */
const neverArrived = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);

export const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? '');
export const hasNeverArrived = (error: unknown) => neverArrived.has(codeOf(error));

/** One request on its way to a replica, and to the next one where the first cannot be reached. */
export class Exchange extends EventEmitter {
  /** Filled by undici once the answer's body has ended. */
  trailers: Record<string, string> = {};
  trailerNames: string[] = [];
  #release = () => {};

  constructor(
    readonly request: IncomingMessage,
    readonly hostname: string,
    /** In the order to try. */
    private readonly replicas: Replica[],
    private readonly bodyLimitBytes: number,
  ) {
    super();
  }

  send(headers: Dispatcher.DispatchOptions['headers'], callback: Callback) {
    const replica = this.replicas.shift();
    if (!replica) throw new Error('An exchange needs a replica.');
    this.#release();
    this.#release = replica.occupy();
    replica.pool.request(this.#options(headers), (error, data) => {
      if (error && hasNeverArrived(error)) replica.rest();
      if (error && this.#mayMoveOn(error)) return this.send(headers, callback);
      if (!error) this.#noteTrailers(data);
      callback(error, data);
    });
  }

  /** Called when the client's connection is done with the answer, whole or not. */
  end(whole: boolean) {
    this.#release();
    if (!whole) this.emit('abort');
  }

  #options(headers: Dispatcher.DispatchOptions['headers']): Dispatcher.RequestOptions {
    return {
      method: this.request.method as Dispatcher.HttpMethod,
      // As the client wrote it, not normalized.
      path: this.request.url ?? '/',
      headers,
      body: hasBody(this.request) ? limitedBody(this.request, this.bodyLimitBytes) : null,
      signal: this,
    };
  }

  #mayMoveOn(error: Error) {
    const method = this.request.method ?? '';
    return this.replicas.length > 0 && repeatable.has(method) && !hasBody(this.request) && hasNeverArrived(error);
  }

  #noteTrailers({ headers, trailers }: Dispatcher.ResponseData) {
    if (headers.trailer === undefined || headers['content-length'] !== undefined) return;
    this.trailerNames = String(headers.trailer)
      .split(',')
      .map((name) => name.trim().toLowerCase());
    this.trailers = trailers;
  }
}
