import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { hasNeverArrived } from './exchange.js';
import { responseOn } from './problem.js';
import { responseHeaders } from './proxy-headers.js';
import type { Replica } from './replica.js';
import { type Handshake, shakeHands, webSocketOptions } from './upstream-handshake.js';
import { bridge, close } from './web-socket-bridge.js';

/** A client's request to upgrade, as Node hands it over. */
export interface Upgrade {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

type Accepted = Extract<Handshake, { accepted: true }>;

/** The WebSockets between clients and releases, by replica. */
export class Tunnels {
  readonly #open = new Map<Replica, Set<WebSocket>>();
  readonly #accepted = new WeakMap<IncomingMessage, Accepted>();
  readonly #server: WebSocketServer;

  constructor(private readonly handshakeTimeoutMs: number) {
    this.#server = new WebSocketServer({
      ...webSocketOptions,
      noServer: true,
      clientTracking: false,
      handleProtocols: (_offered, request) => this.#accepted.get(request)?.protocol ?? false,
    });
    this.#server.on('headers', (lines, request) => lines.push(...extraLines(this.#accepted.get(request))));
  }

  /** WebSockets at this moment. */
  get size() {
    return [...this.#open.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Joins a client to the first of the replicas that can be reached. Rejects when none gave an HTTP answer. */
  async join(upgrade: Upgrade, replicas: Replica[]) {
    const { handshake, replica, release } = await this.#firstReachable(upgrade.request, replicas);
    if (handshake.accepted) this.#accept(upgrade, replica, release, handshake);
    else passOn(upgrade, handshake.response, release);
  }

  /** Asks both ends of a replica's WebSockets, or of all of them, to go elsewhere. */
  close(replica?: Replica) {
    for (const socket of this.#of(replica)) close(socket, goingAway, 'going away');
  }

  /** Cuts what has not closed when asked. */
  terminate() {
    for (const socket of this.#of()) socket.terminate();
  }

  #of(replica?: Replica): WebSocket[] {
    if (replica) return [...(this.#open.get(replica) ?? [])];
    return [...this.#open.values()].flatMap((sockets) => [...sockets]);
  }

  async #firstReachable(request: IncomingMessage, replicas: Replica[]) {
    for (const [at, replica] of replicas.entries()) {
      const release = replica.occupy();
      try {
        return { handshake: await shakeHands(request, replica, this.handshakeTimeoutMs), replica, release };
      } catch (error) {
        release();
        if (hasNeverArrived(error)) replica.rest();
        if (at === replicas.length - 1 || !hasNeverArrived(error)) throw error;
      }
    }
    throw new Error('A tunnel needs a replica.');
  }

  #accept({ request, socket, head }: Upgrade, replica: Replica, release: () => void, handshake: Accepted) {
    const upstream = handshake.socket;
    let joined = false;
    this.#accepted.set(request, handshake);
    this.#server.handleUpgrade(request, socket, head, (client) => {
      joined = true;
      this.#track(client, replica, release);
      bridge(client, upstream);
      upstream.resume();
    });
    // A malformed handshake has been answered already; one whose client has left needs no answer.
    if (joined) return;
    upstream.terminate();
    release();
  }

  #track(client: WebSocket, replica: Replica, release: () => void) {
    const sockets = this.#open.get(replica) ?? new Set();
    this.#open.set(replica, sockets.add(client));
    client.once('close', () => {
      release();
      sockets.delete(client);
      if (sockets.size === 0 && this.#open.get(replica) === sockets) this.#open.delete(replica);
    });
  }
}

const goingAway = 1001;

const madeByWs = /^(?:sec-websocket-|content-length$|date$)/;

/** What an upstream said beside its consent, such as a cookie. */
function extraLines(handshake: Accepted | undefined): string[] {
  const headers = Object.entries(responseHeaders(handshake?.headers ?? {}));
  return headers
    .filter(([name]) => !madeByWs.test(name))
    .flatMap(([name, value]) => [value ?? []].flat().map((each) => `${name}: ${each}`));
}

/** An upstream that does not consent answers like any other: with a login page, or a 404. */
function passOn({ request, socket }: Upgrade, answer: IncomingMessage, release: () => void) {
  const response = responseOn(request, socket);
  response.writeHead(answer.statusCode ?? 502, responseHeaders(answer.headers));
  answer.pipe(response);
  answer.once('close', release);
  // A client that leaves would never read the rest.
  socket.once('close', () => answer.destroy());
  answer.on('error', () => socket.destroy());
}
