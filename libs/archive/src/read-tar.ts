import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { isAbort } from '@pierhead/model';
import { Parser, type ReadEntry } from 'tar';
import type { RawEntry, Visit } from './entry.js';
import { invalid } from './refusal.js';

const kinds: Record<string, RawEntry['kind']> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'folder',
  SymbolicLink: 'link',
  Link: 'hardlink',
};

const toEntry = (entry: ReadEntry): RawEntry => ({
  name: entry.path,
  kind: entry.ignore ? 'other' : (kinds[entry.type] ?? 'other'),
  size: entry.size,
  mode: entry.mode ?? 0,
  target: entry.linkpath ?? '',
});

export interface TarOptions {
  gzip: boolean;
  /** Hears how many bytes came out so far; throws to stop. */
  onUnpacked: (bytes: number) => void;
  signal: AbortSignal | undefined;
}

/** Visits a tar archive's entries in their order. */
export async function readTar(path: string, visit: Visit, { gzip, onUnpacked, signal }: TarOptions): Promise<void> {
  const walk = new TarWalk(visit);
  const source = createReadStream(path);
  const counted = counter(onUnpacked);
  const parse = (chunks: AsyncIterable<Buffer>) => walk.run(chunks);
  try {
    if (gzip) await pipeline(source, createGunzip(), counted, parse, { signal });
    else await pipeline(source, counted, parse, { signal });
  } catch (error) {
    await walk.abandon();
    // What a pipeline throws may be only an echo of what went wrong in the walk.
    throw walk.failure ?? error;
  }
}

function counter(onUnpacked: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      try {
        onUnpacked(bytes);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/** Feeds node-tar's parser and lets one entry pass after the other. */
class TarWalk {
  readonly #parser = new Parser({ strict: true });
  #visits: Promise<void> = Promise.resolve();
  #body: Readable | undefined;
  #abandoned = false;
  failure: unknown;
  #sawEnd = false;
  readonly #failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};

  constructor(private readonly visit: Visit) {
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
    this.#parser.on('error', (error: Error) => this.#fail(error));
    this.#parser.on('entry', (entry: ReadEntry) => this.#enqueue(entry));
    this.#parser.on('ignoredEntry', (entry: ReadEntry) => this.#enqueue(entry));
    this.#parser.on('nullBlock', () => {
      this.#sawEnd = true;
    });
  }

  async run(chunks: AsyncIterable<Buffer>): Promise<void> {
    try {
      await this.#feed(chunks);
      await this.#finish();
    } catch (error) {
      this.failure ??= isAbort(error) ? undefined : error;
      throw error;
    }
  }

  async #feed(chunks: AsyncIterable<Buffer>): Promise<void> {
    let ended = false;
    this.#parser.on('eof', () => {
      ended = true;
    });
    let first = true;
    for await (const chunk of chunks) {
      // The parser would keep in memory whatever follows the end.
      if (ended) continue;
      // The parser would unpack again by itself, past our counting.
      if (first && isPacked(chunk)) throw invalid('it is packed twice');
      first = false;
      if (!this.#parser.write(chunk)) await Promise.race([once(this.#parser, 'drain'), this.#failed]);
    }
  }

  /** Ends the visit under way, if any; settles once nothing runs any more. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.#body?.destroy();
    await this.#visits.catch(() => {});
  }

  async #finish(): Promise<void> {
    const done = once(this.#parser, 'end');
    this.#parser.end();
    await Promise.race([done, this.#failed]);
    await Promise.race([this.#visits, this.#failed]);
    if (!this.#sawEnd) throw invalid('its end is missing');
  }

  #enqueue(entry: ReadEntry): void {
    this.#visits = this.#visits.then(() => this.#pass(entry));
    this.#visits.catch((error) => this.#fail(error));
  }

  async #pass(entry: ReadEntry): Promise<void> {
    if (this.#abandoned) throw invalid('reading it was given up');
    const raw = toEntry(entry);
    if (raw.kind === 'file') {
      this.#body = Readable.from(entry, { objectMode: false });
      return this.visit(raw, this.#body);
    }
    await this.visit(raw, Readable.from([]));
    entry.resume();
  }
}

function isPacked(start: Buffer): boolean {
  const gzip = start[0] === 0x1f && start[1] === 0x8b;
  const zstd = start.length >= 4 && start.readUInt32BE(0) === 0x28b52ffd;
  return gzip || zstd;
}
