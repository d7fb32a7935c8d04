import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { UserError } from '@pierhead/model';

export const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

export const declaresMoreThan = (limitBytes: number, { headers }: IncomingMessage) =>
  Number(headers['content-length'] ?? 0) > limitBytes;

/** The body as a stream that fails beyond the limit. A declared length has been checked before. */
export function limitedBody(request: IncomingMessage, limitBytes: number): Readable {
  if (request.headers['content-length'] !== undefined) return request;
  let bytes = 0;
  const limiter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= limitBytes) return done(null, chunk);
      done(new UserError('body_too_large', `The body is larger than ${limitBytes} bytes.`));
    },
  });
  // Not pipeline(): on failure it would destroy the request, and with it the socket that the refusal needs.
  request.on('aborted', () => limiter.destroy(new UserError('bad_request_body', 'The body ended early.')));
  return request.pipe(limiter);
}
