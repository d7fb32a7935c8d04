import { StringDecoder } from 'node:string_decoder';
import type { LogStream, OutputLine } from '@pierhead/model';
import { openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';

export interface LogOptions {
  follow: boolean;
  /** How many of the last lines; all without it. */
  tail?: number;
  signal: AbortSignal;
}

interface Frame {
  stream: LogStream;
  payload: Buffer;
}

const headerBytes = 8;
const longestLine = 65_536;
const timestamp = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) /;

/** A container's output in lines with the engine's times; ends quietly when the signal fires or it is gone. */
export async function* containerLogs(engine: Engine, id: string, options: LogOptions): AsyncGenerator<OutputLine> {
  const { follow, tail, signal } = options;
  const hangUp = new AbortController();
  const stop = () => hangUp.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    const chunks = await openLogs(engine, id, follow, tail, hangUp.signal);
    yield* linesOf(framesOf(chunks));
  } catch (error) {
    if (signal.aborted || statusOf(error) === 404) return;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    hangUp.abort();
  }
}

function openLogs(engine: Engine, id: string, follow: boolean, tail: number | undefined, signal: AbortSignal) {
  const query = { stdout: true, stderr: true, timestamps: true, follow, tail: tail ?? 'all' };
  return openStream(engine, { method: 'GET', path: `/containers/${id}/logs`, query, signal });
}

/** Takes the engine's multiplexed stream apart: a byte for the stream, the length at byte 4, then the payload. */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= headerBytes) {
      const end = at + headerBytes + rest.readUInt32BE(at + 4);
      if (rest.length < end) break;
      yield { stream: rest[at] === 2 ? 'stderr' : 'stdout', payload: rest.subarray(at + headerBytes, end) };
      at = end;
    }
    rest = rest.subarray(at);
  }
}

/** Joins the pieces of a line; the engine cuts long ones and puts its time before each piece. */
export async function* linesOf(frames: AsyncIterable<Frame>): AsyncGenerator<OutputLine> {
  const open = { stdout: newLine(), stderr: newLine(), system: newLine() };
  for await (const { stream, payload } of frames) {
    const line = open[stream];
    const text = line.decoder.write(payload);
    const stamp = timestamp.exec(text);
    line.at ||= stamp?.[1] ?? '';
    line.text += stamp ? text.slice(stamp[0].length) : text;
    if (!line.text.endsWith('\n') && line.text.length < longestLine) continue;
    yield close(stream, line);
    open[stream] = newLine();
  }
  for (const stream of ['stdout', 'stderr'] as const) if (open[stream].text) yield close(stream, open[stream]);
}

const newLine = () => ({ decoder: new StringDecoder('utf8'), at: '', text: '' });

const close = (stream: LogStream, line: { at: string; text: string }): OutputLine => ({
  at: line.at,
  stream,
  text: line.text.replace(/\r?\n$/, ''),
});
