import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import type { RawEntry, Visit } from './entry.js';
import { invalid, unsafe } from './refusal.js';

declare module 'yauzl' {
  interface Entry {
    fileNameRaw: Buffer;
  }
  /** Decodes a name without rewriting what it finds unsafe. */
  function getFileNameLowLevel(flags: number, raw: Buffer, extraFields: Entry['extraFields'], strict: boolean): string;
}

const maxTarget = 4_096;
const unixMaker = 3;
const utf8Flag = 0x800;
const unicodePathField = 0x7075;
const kindOfMode = new Map<number, RawEntry['kind']>([
  [0, 'file'],
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'folder'],
  [constants.S_IFLNK, 'link'],
]);

/** Visits a zip archive's entries in the order of its directory. */
export async function readZip(path: string, visit: Visit, signal: AbortSignal | undefined): Promise<void> {
  const zip = await openZip(path);
  // Each reader hears of its own failure; a late one must not end the process.
  zip.on('error', () => {});
  try {
    for (let entry = await nextEntry(zip); entry; entry = await nextEntry(zip)) {
      signal?.throwIfAborted();
      await pass(zip, entry, visit, signal);
    }
  } finally {
    zip.close();
  }
}

function openZip(path: string): Promise<yauzl.ZipFile> {
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true };
  return new Promise((resolve, reject) => {
    yauzl.open(path, options, (error, zip) => (error ? reject(error) : resolve(zip)));
  });
}

async function nextEntry(zip: yauzl.ZipFile): Promise<yauzl.Entry | null> {
  const stop = new AbortController();
  const entry = once(zip, 'entry', { signal: stop.signal }).then(([each]) => each as yauzl.Entry);
  const end = once(zip, 'end', { signal: stop.signal }).then(() => null);
  zip.readEntry();
  try {
    return await Promise.race([entry, end]);
  } finally {
    stop.abort();
    Promise.allSettled([entry, end]);
  }
}

async function pass(zip: yauzl.ZipFile, entry: yauzl.Entry, visit: Visit, signal?: AbortSignal): Promise<void> {
  const raw = toEntry(entry);
  if (entry.isEncrypted()) throw unsafe(raw.name, 'is encrypted');
  if (raw.kind === 'link') raw.target = await readTarget(zip, entry, raw.name);
  if (raw.kind !== 'file') return visit(raw, Readable.from([]));
  const body = await openBody(zip, entry, signal);
  try {
    await visit(raw, body);
  } finally {
    body.destroy();
  }
}

function toEntry(entry: yauzl.Entry): RawEntry {
  const mode = entry.versionMadeBy >>> 8 === unixMaker ? entry.externalFileAttributes >>> 16 : 0;
  const name = nameOf(entry);
  return { name, kind: kindOf(name, mode), size: entry.uncompressedSize, mode, target: '' };
}

/** Some archivers write UTF-8 without saying so. */
function nameOf({ generalPurposeBitFlag: flags, fileNameRaw: raw, extraFields }: yauzl.Entry): string {
  const saysSo = (flags & utf8Flag) !== 0 || extraFields.some(({ id }) => id === unicodePathField);
  return !saysSo && isUtf8(raw) ? raw.toString() : yauzl.getFileNameLowLevel(flags, raw, extraFields, true);
}

function kindOf(name: string, mode: number): RawEntry['kind'] {
  const kind = kindOfMode.get(mode & constants.S_IFMT) ?? 'other';
  return kind === 'file' && name.endsWith('/') ? 'folder' : kind;
}

async function readTarget(zip: yauzl.ZipFile, entry: yauzl.Entry, name: string): Promise<string> {
  if (entry.uncompressedSize > maxTarget) throw unsafe(name, 'is a link with an overlong target');
  return text(await openBody(zip, entry));
}

async function openBody(zip: yauzl.ZipFile, entry: yauzl.Entry, signal?: AbortSignal): Promise<Readable> {
  const packed = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
  const checked = checksum(entry.crc32);
  pipeline(packed, checked, { signal }).catch((error) => checked.destroy(error));
  return checked;
}

function checksum(expected: number): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush(done) {
      done(sum === expected ? null : invalid('a checksum does not match its content'));
    },
  });
}
