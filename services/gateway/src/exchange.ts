import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { hasBody, limitedBody } from './body-limit.js';
import { requestHeaders, responseHeaders } from './proxy-headers.js';
import type { Replica } from './replica.js';

export interface ExchangeOptions {
  request: IncomingMessage;
  response: ServerResponse;
  /** In the order to try. */
  replicas: Replica[];
  bodyLimitBytes: number;
  /** Called right before the headers of the answer are sent. */
  onAnswer(): void;
  /** Called when no replica gave an answer, or one that cannot be passed on. */
  onFailure(cause: unknown): void;
}

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
/** What frames and routes a message cannot come after its body. */
const noTrailers = new Set(['content-length', 'content-type', 'host', 'set-cookie', 'trailer', 'transfer-encoding']);

export const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? '');
export const hasNeverArrived = (error: unknown) => neverArrived.has(codeOf(error));

const mostStatus = 599;
const smallBytes = 16_384;

const clientLeft = new Error('The client has left.');

/**
 * One request on its way to a replica, and to the next one where the first cannot be reached; then its answer on the way
 * back, piece by piece.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #headers: IncomingHttpHeaders;
  #replica: Replica | null = null;
  #release = () => {};
  #controller: Dispatcher.DispatchController | null = null;
  #left = false;
  #length = Number.NaN;
  #trailerNames: string[] = [];

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#headers = requestHeaders(options.request);
  }

  /** Sends the request to the next replica. */
  send() {
    const { request, replicas, bodyLimitBytes } = this.#options;
    const replica = replicas.shift();
    if (!replica) throw new Error('An exchange needs a replica.');
    this.#release();
    this.#release = replica.occupy();
    this.#replica = replica;
    const options = {
      method: request.method as Dispatcher.HttpMethod,
      // As the client wrote it, not normalized.
      path: request.url ?? '/',
      headers: this.#headers,
      body: hasBody(request) ? limitedBody(request, bodyLimitBytes) : null,
    };
    replica.pool.dispatch(options, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.#controller = controller;
    if (this.#left) controller.abort(clientLeft);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders) {
    // What comes before the answer is for this hop.
    if (status < 200) return;
    const { response, onAnswer } = this.#options;
    try {
      this.#noteTrailers(status, headers);
      if (status > mostStatus) throw new Error(`${status} is no status.`);
      response.writeHead(status, responseHeaders(headers));
    } catch (error) {
      // An answer that Node refuses to write.
      return controller.abort(error as Error);
    }
    onAnswer();
    // It has no body, whatever its headers say of the one that there would have been.
    if (status === 204 || status === 304) return response.end();
    this.#length = Number(headers['content-length']);
    // An event stream may stay silent for long after its headers; Node would send them with the first data.
    if (headers['content-length'] === undefined) setImmediate(() => response.destroyed || response.flushHeaders());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer) {
    const { response } = this.#options;
    if (response.writableEnded) return;
    // A small answer that is whole goes out as one string with its headers: that is half the work of two buffers.
    if (chunk.length === this.#length && chunk.length <= smallBytes) response.write(chunk.toString('latin1'), 'latin1');
    else if (!response.write(chunk)) this.#rest(controller);
  }

  /** Until the client has read what is on its way. */
  #rest(controller: Dispatcher.DispatchController) {
    controller.pause();
    this.#options.response.once('drain', () => controller.resume());
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders) {
    const { response } = this.#options;
    const passed = this.#trailerNames.flatMap((name) => (trailers[name] ? [[name, String(trailers[name])]] : []));
    if (passed.length > 0) response.addTrailers(Object.fromEntries(passed));
    response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error) {
    if (this.#left || this.#options.response.writableEnded) return;
    if (hasNeverArrived(error)) this.#replica?.rest();
    if (this.#mayMoveOn(error)) this.send();
    else this.#options.onFailure(error);
  }

  /** The client's connection is done with the answer, whole or not. */
  end() {
    this.#release();
    if (this.#options.response.writableFinished) return;
    this.#left = true;
    this.#controller?.abort(clientLeft);
  }

  #mayMoveOn(error: Error) {
    const { request, response, replicas } = this.#options;
    if (response.headersSent) return false;
    const repeats = repeatable.has(request.method ?? '') && !hasBody(request);
    return replicas.length > 0 && repeats && hasNeverArrived(error);
  }

  #noteTrailers(status: number, { trailer, ...headers }: IncomingHttpHeaders) {
    if (trailer === undefined || headers['content-length'] !== undefined) return;
    const { method, httpVersionMinor } = this.#options.request;
    if (method === 'HEAD' || httpVersionMinor === 0 || status === 204 || status === 304) return;
    const names = String(trailer).split(',');
    this.#trailerNames = names.map((name) => name.trim().toLowerCase()).filter((name) => !noTrailers.has(name));
    if (this.#trailerNames.length > 0) this.#options.response.setHeader('trailer', this.#trailerNames.join(', '));
  }
}
