import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A kept connection without a byte for so long is not about to bring a request, in milliseconds. */
const quietMs = 250;
/** How long the server goes on listening at most, in milliseconds. */
const listeningMs = 1_000;
const lookMs = 20;

/**
 * Ends a server without losing a request: it goes on answering, each answer the last of its connection, while requests
 * come: for a second at most, in which a balancer that asks whether it is ready has turned to another one. Only then
 * does it stop listening; what is under way after that is waited for, and cut when the grace is over.
 */
export class Drain {
  #begun = false;
  #requestAt = Number.NEGATIVE_INFINITY;
  readonly #sockets = new Set<Socket>();
  readonly #answers = new Map<ServerResponse, Socket>();
  readonly #seen = new WeakMap<Socket, { bytes: number; at: number }>();

  /** @param graceMs from the begin until everything is cut */
  constructor(
    private readonly server: Server,
    private readonly graceMs: number,
  ) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.prependListener('request', ({ socket }, response) => {
      this.#requestAt = performance.now();
      if (this.#begun) response.shouldKeepAlive = false;
      this.#answers.set(response, socket);
      response.once('close', () => {
        this.#answers.delete(response);
        this.#look(socket, performance.now());
      });
    });
  }

  /** Whether the server is about to end. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Nothing new should be sent here any more, though everything is still answered. */
  begin(): void {
    this.#begun = true;
    for (const response of this.#answers.keys()) if (!response.headersSent) response.shouldKeepAlive = false;
  }

  /** Resolves when the server may stop listening; from then on connections end as soon as they are quiet. */
  async run(): Promise<void> {
    this.begin();
    const cut = setTimeout(() => this.server.closeAllConnections(), this.graceMs).unref();
    const kept = [...this.#sockets];
    const limit = performance.now() + listeningMs;
    while (performance.now() < limit && (this.#isAsked() || this.#notQuiet(kept).length > 0)) await delay(lookMs);
    const reaper = setInterval(() => this.#endQuiet(), lookMs).unref();
    this.server.once('close', () => {
      clearTimeout(cut);
      clearInterval(reaper);
    });
    // What was accepted in this turn of the event loop has been heard by now: the listener closes with nothing in it.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #isAsked(): boolean {
    return performance.now() - this.#requestAt < quietMs;
  }

  /** Those that may bring a request at any moment; not those that wait for an answer, which will be their last. */
  #notQuiet(sockets: readonly Socket[]): Socket[] {
    const [busy, now] = [new Set(this.#answers.values()), performance.now()];
    return sockets.filter(
      (socket) => !socket.destroyed && !busy.has(socket) && now - this.#look(socket, now) < quietMs,
    );
  }

  #endQuiet(): void {
    const busy = new Set(this.#answers.values());
    const restless = new Set(this.#notQuiet([...this.#sockets]));
    for (const socket of this.#sockets) if (!busy.has(socket) && !restless.has(socket)) socket.destroy();
  }

  /** Since when a connection has brought nothing and got no answer. */
  #look(socket: Socket, now: number): number {
    const [seen, bytes] = [this.#seen.get(socket), socket.bytesRead + socket.bytesWritten];
    if (seen?.bytes === bytes) return seen.at;
    this.#seen.set(socket, { bytes, at: now });
    return now;
  }
}
