import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { WorldError } from '@pierhead/model';
import { WebSocket } from 'ws';
import { requestHeaders } from './proxy-headers.js';
import type { Replica } from './replica.js';

/** Options of both ends of a bridge: what passes through is neither unpacked nor judged. */
export const webSocketOptions = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  autoPong: false,
  maxPayload: 64 * 1024 * 1024,
  closeTimeout: 2_000,
};

export type Handshake =
  /** `socket` is open and paused. */
  | { accepted: true; socket: WebSocket; protocol: string | null; headers: IncomingHttpHeaders }
  | { accepted: false; response: IncomingMessage };

/**
 * Asks a replica for the WebSocket that a client asked for.
 * @throws when there is no answer in time, or none that is HTTP
 */
export async function shakeHands(request: IncomingMessage, replica: Replica, timeoutMs: number): Promise<Handshake> {
  const socket = new WebSocket(replica.origin.replace(/^http/, 'ws'), {
    ...webSocketOptions,
    headers: handshakeHeaders(request),
    finishRequest: (outgoing) => {
      // As the client wrote it, not normalized.
      outgoing.path = request.url ?? '/';
      outgoing.end();
    },
  });
  const giveUp = () => socket.terminate();
  request.socket.once('close', giveUp);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    giveUp();
  }, timeoutMs);
  try {
    return await answerTo(socket);
  } catch (error) {
    if (!late) throw error;
    throw new WorldError('handshake_timeout', `No answer to the handshake within ${timeoutMs} ms.`);
  } finally {
    clearTimeout(timer);
    request.socket.off('close', giveUp);
  }
}

function answerTo(socket: WebSocket): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let protocol: string | null = null;
    let headers: IncomingHttpHeaders = {};
    socket.once('upgrade', (response) => {
      headers = response.headers;
      protocol = headers['sec-websocket-protocol'] ?? null;
      // The choice is between upstream and client; ws would refuse what it did not offer itself.
      delete headers['sec-websocket-protocol'];
    });
    socket.once('open', () => {
      // Until somebody listens, nothing may be read.
      socket.pause();
      resolve({ accepted: true, socket, protocol, headers });
    });
    socket.once('unexpected-response', (_request, response) => resolve({ accepted: false, response }));
    socket.on('error', reject);
  });
}

/** The client's headers; ws adds its own key, version and extensions. */
function handshakeHeaders(request: IncomingMessage) {
  const headers = requestHeaders(request);
  for (const name of ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions']) delete headers[name];
  return headers;
}
