import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const statusOf: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** The connections of clients, and which of them are getting an answer: nothing else may be written to those. */
export class Connections {
  readonly #answers = new WeakMap<Duplex, ServerResponse>();
  readonly #waiting = new WeakMap<Duplex, Set<() => void>>();

  /**
   * Calls back once, when an answer is done with, whole or not. One whose turn had not come when its connection ended is
   * never closed itself: Node does not know it yet.
   */
  whenOver(socket: Duplex, response: ServerResponse, over: () => void) {
    const waiting = this.#waitingOn(socket);
    const once = () => {
      if (waiting.delete(once)) over();
    };
    waiting.add(once);
    response.once('close', once);
  }

  #waitingOn(socket: Duplex): Set<() => void> {
    const known = this.#waiting.get(socket);
    if (known) return known;
    const waiting = new Set<() => void>();
    this.#waiting.set(socket, waiting);
    socket.once('close', () => {
      for (const once of waiting) once();
    });
    return waiting;
  }

  noteAnswer(socket: Duplex, response: ServerResponse) {
    this.#answers.set(socket, response);
  }

  /** Whether a request on this connection still waits for the end of its answer. */
  isBusy(socket: Duplex): boolean {
    return this.#answers.get(socket)?.writableFinished === false;
  }

  /** Ends a connection whose bytes are no HTTP, or ambiguous: nothing that follows on it can be trusted. */
  refuse(error: NodeJS.ErrnoException, socket: Socket) {
    const answering = this.isBusy(socket) && this.#answers.get(socket)?.headersSent;
    if (!socket.writable || answering || error.code === 'ECONNRESET') return socket.destroy();
    socket.write(refusal(statusOf[error.code ?? ''] ?? 400));
    socket.destroySoon();
  }
}

function refusal(status: number): string {
  const title = STATUS_CODES[status] ?? 'Error';
  const detail = 'The request is malformed, ambiguous or incomplete.';
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, code: 'malformed_request' });
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Connection: close',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
