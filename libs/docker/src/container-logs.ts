import { StringDecoder } from 'node:string_decoder';
import type { OutputLine } from '@pierhead/model';
import { openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';

export interface LogOptions {
  follow: boolean;
  /** How many of the last lines; all without it. */
  tail?: number;
  /** Only what came after a line with this `at`. */
  since?: string;
  /** Only what came before this time, in seconds since 1970. */
  until?: number;
  signal: AbortSignal;
}

interface Frame {
  stream: 'stdout' | 'stderr';
  payload: Buffer;
}

const headerBytes = 8;
const longestLine = 65_536;
const timestamp = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) /;

/** A container's output in lines with the engine's times; ends quietly when the signal fires or it is gone. */
export async function* containerLogs(engine: Engine, id: string, options: LogOptions): AsyncGenerator<OutputLine> {
  const { signal } = options;
  const hangUp = new AbortController();
  const stop = () => hangUp.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    const chunks = await openLogs(engine, id, { ...options, signal: hangUp.signal });
    yield* linesOf(framesOf(chunks));
  } catch (error) {
    // 409 while it is being removed.
    if (signal.aborted || [404, 409].includes(statusOf(error) ?? 0)) return;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    hangUp.abort();
  }
}

function openLogs(engine: Engine, id: string, { follow, tail, since, until, signal }: LogOptions) {
  const query = {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow,
    tail: tail ?? 'all',
    ...(since ? { since: momentAfter(since) } : {}),
    ...(until ? { until: until.toFixed(3) } : {}),
  };
  return openStream(engine, { method: 'GET', path: `/containers/${id}/logs`, query, signal });
}

/** The next nanosecond, as the engine takes it: seconds since 1970, a point, nine digits. */
function momentAfter(at: string): string {
  const fraction = /\.(\d+)Z$/.exec(at)?.[1] ?? '';
  const nanoseconds = Number(fraction.padEnd(9, '0').slice(0, 9)) + 1;
  const seconds = Math.floor(Date.parse(at) / 1_000) + Math.floor(nanoseconds / 1e9);
  return `${seconds}.${String(nanoseconds % 1e9).padStart(9, '0')}`;
}

/** Takes the engine's multiplexed stream apart: a byte for the stream, the length at byte 4, then the payload. */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (rest.length - at >= headerBytes) {
      const end = at + headerBytes + rest.readUInt32BE(at + 4);
      if (rest.length < end) break;
      frames.push({ stream: rest[at] === 2 ? 'stderr' : 'stdout', payload: rest.subarray(at + headerBytes, end) });
      at = end;
    }
    rest = rest.subarray(at);
    yield frames;
  }
}

/** Joins the pieces of a line; the engine cuts long ones and puts its time before each piece. */
export async function* linesOf(batches: AsyncIterable<Frame[]>): AsyncGenerator<OutputLine> {
  const open = { stdout: new OpenLine('stdout'), stderr: new OpenLine('stderr') };
  for await (const frames of batches) {
    for (const { stream, payload } of frames) {
      const line = open[stream].add(payload);
      if (line) yield line;
    }
  }
  for (const each of [open.stdout, open.stderr]) if (!each.isEmpty) yield each.close();
}

/** A line that is still being written to one stream. */
class OpenLine {
  readonly #decoder = new StringDecoder('utf8');
  #at = '';
  #text = '';

  constructor(readonly stream: 'stdout' | 'stderr') {}

  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** Answers the line once it is whole, or too long to wait for its end. */
  add(payload: Buffer): OutputLine | null {
    const text = this.#decoder.write(payload);
    const stamp = timestamp.exec(text);
    this.#at ||= stamp?.[1] ?? '';
    this.#text += stamp ? text.slice(stamp[0].length) : text;
    return this.#text.endsWith('\n') || this.#text.length >= longestLine ? this.close() : null;
  }

  close(): OutputLine {
    const line = { at: this.#at, stream: this.stream, text: this.#text.replace(/\r?\n$/, '') };
    this.#at = '';
    this.#text = '';
    return line;
  }
}
