import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ArchiveLimits, formatOfMediaType, inspectArchive } from '@pierhead/archive';
import { type ArchiveFormat, UserError } from '@pierhead/model';
import { hexOf, type StoragePaths, syncFolder } from './storage-paths.js';

export interface UploadOptions {
  /** Bytes of the archive itself; 512 MiB unless told. */
  bytes?: number;
  /** What the archive may hold. */
  archive?: Partial<ArchiveLimits>;
  signal?: AbortSignal;
  /**
   * Called once the archive is found good, before it lies under its digest: whoever removes what has no record any
   * more then sees the record of these bytes first.
   */
  record?(saved: SavedUpload): Promise<unknown>;
}

export interface SavedUpload {
  digest: string;
  /** The archive's own size. */
  bytes: number;
  /** Files in the archive. */
  files: number;
  format: ArchiveFormat;
}

const defaultBytes = 512 * 1024 ** 2;
const formats: readonly string[] = ['tar', 'tar.gz', 'zip'] satisfies ArchiveFormat[];
const isFormat = (name: string): name is ArchiveFormat => formats.includes(name);

/** Streams an archive to disk, looks through it, and keeps it under its digest; leaves nothing behind otherwise. */
export async function saveUpload(
  paths: StoragePaths,
  stream: Readable,
  type: string,
  limits: UploadOptions,
): Promise<SavedUpload> {
  const format = requireFormat(type);
  const temporary = paths.temporary();
  try {
    const { hex, bytes } = await receive(stream, temporary, limits);
    const { files } = await inspectArchive(temporary, format, limits.archive, limits.signal);
    const saved = { digest: `sha256:${hex}`, bytes, files, format };
    await limits.record?.(saved);
    await rename(temporary, join(paths.uploads, hex));
    await syncFolder(paths.uploads);
    return saved;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export async function removeUpload(paths: StoragePaths, digest: string): Promise<void> {
  const hex = hexOf(digest);
  if (hex) await rm(join(paths.uploads, hex), { force: true });
}

function requireFormat(type: string): ArchiveFormat {
  const format = isFormat(type) ? type : formatOfMediaType(type);
  if (format) return format;
  throw new UserError('upload_type_unknown', 'The upload is of a type that is no archive.', {
    hint: 'Send application/gzip (a packed tar), application/x-tar or application/zip.',
  });
}

async function receive(stream: Readable, path: string, { bytes: most = defaultBytes, signal }: UploadOptions) {
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(bytes > most ? uploadTooLarge(most) : null, chunk);
    },
  });
  await pipeline(stream, measure, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }), { signal });
  return { hex: hash.digest('hex'), bytes };
}

const uploadTooLarge = (most: number) =>
  new UserError('upload_too_large', `The upload has more than the ${most} bytes that are allowed.`, {
    hint: 'Leave out what the service does not need, such as dependencies and caches.',
  });
