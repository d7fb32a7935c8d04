import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

const statusOf: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Ends connections whose bytes are no HTTP, or ambiguous: nothing that follows on them can be trusted. */
export class MalformedRequests {
  readonly #answers = new WeakMap<Socket, ServerResponse>();

  /** Remembers the answer that a connection is getting: a refusal must not land in the middle of it. */
  noteAnswer(socket: Socket, response: ServerResponse) {
    this.#answers.set(socket, response);
  }

  refuse(error: NodeJS.ErrnoException, socket: Socket) {
    const answer = this.#answers.get(socket);
    const answering = answer?.headersSent && !answer.writableFinished;
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
