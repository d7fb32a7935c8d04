import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { isAbort } from '@pierhead/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import plugin from 'fastify-plugin';
import { HttpProblem } from './http-problem.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Streams that are open now. */
    eventStreams: Set<PassThrough>;
  }
}

export interface ServerEvent {
  id?: string | number;
  event?: string;
  /** Sent as JSON. */
  data: unknown;
}

/** A function is given the signal that fires when nobody listens any more. */
type Source = AsyncIterable<ServerEvent> | ((signal: AbortSignal) => AsyncIterable<ServerEvent>);

const graceMs = 1_000;

/** Ends every open event stream before the server closes; a listener that does not read is cut off. */
export const eventStreams = plugin(async (app) => {
  const open = new Set<PassThrough>();
  app.decorate('eventStreams', open);
  app.addHook('preClose', async () => {
    for (const stream of open) endSoon(stream);
  });
});

function endSoon(stream: PassThrough): void {
  stream.end();
  setTimeout(() => stream.destroy(), graceMs).unref();
}

/** Answers with server-sent events until the source ends, the client leaves or the server closes. */
export function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  source: Source,
  { heartbeatMs = 15_000 }: { heartbeatMs?: number } = {},
): FastifyReply {
  const stream = new PassThrough();
  const gone = new AbortController();
  const beat = () => {
    if (!stream.writableNeedDrain) stream.write(':\n\n');
    // A token that has expired or was removed meanwhile; that it cannot be asked about is no reason to end.
    request.server.auth.check?.(request).catch((error) => error instanceof HttpProblem && endSoon(stream));
  };
  const heartbeat = setInterval(beat, heartbeatMs);
  const open = request.server.eventStreams.add(stream);
  const finish = () => {
    clearInterval(heartbeat);
    open.delete(stream);
    gone.abort();
  };
  // A source that still waits must learn of the end at `finish`, not when the last bytes have left.
  stream.once('finish', finish).once('close', finish);
  stream.write(':\n\n');
  // One that comes while the server ends is resumed elsewhere, like those that it has ended.
  if (request.server.drain.begun) endSoon(stream);
  pump(typeof source === 'function' ? source(gone.signal) : source, stream, gone.signal)
    .catch((error) => isAbort(error) || request.log.error({ err: error }, 'event stream failed'))
    .finally(() => stream.end());
  return reply.headers(headers).send(stream);
}

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

async function pump(source: AsyncIterable<ServerEvent>, stream: PassThrough, signal: AbortSignal): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  // A generator that waits for nothing but its next event is let go, not waited for.
  const release = () => void iterator.return?.()?.catch(() => {});
  signal.addEventListener('abort', release, { once: true });
  for (let next = await iterator.next(); !next.done && !signal.aborted; next = await iterator.next()) {
    if (!stream.writable) return;
    if (!stream.write(frame(next.value))) await once(stream, 'drain', { signal });
  }
}

/** JSON has no raw line breaks, so `data` is one line; ids and names lose theirs. */
function frame({ id, event, data }: ServerEvent): string {
  const lines = [
    ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
    ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join('\n')}\n\n`;
}

const oneLine = (value: string | number) => String(value).replaceAll(/[\r\n\0]/g, '');

/** Where a reconnecting client wants to go on: a whole number from `Last-Event-ID`, or null. */
export function lastEventId(request: FastifyRequest): number | null {
  const header = request.headers['last-event-id'];
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
