import { open } from 'node:fs/promises';
import type { ArchiveFormat } from '@pierhead/model';
import { Header } from 'tar';

const blockBytes = 512;

/** What the file's first bytes say it is, whatever its name; null for anything else. */
export async function detectFormat(path: string): Promise<ArchiveFormat | null> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, 0);
    return formatOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

function formatOf(start: Buffer): ArchiveFormat | null {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'tar.gz';
  const signature = start.toString('latin1', 0, 4);
  if (signature === 'PK\u0003\u0004' || signature === 'PK\u0005\u0006') return 'zip';
  return isTarHeader(start) ? 'tar' : null;
}

function isTarHeader(start: Buffer): boolean {
  if (start.length < blockBytes) return false;
  try {
    return new Header(start).cksumValid;
  } catch {
    return false;
  }
}

const mediaTypes: Record<string, ArchiveFormat> = {
  'application/gzip': 'tar.gz',
  'application/x-gzip': 'tar.gz',
  'application/x-tar': 'tar',
  'application/zip': 'zip',
};

/** The format that a media type names, parameters ignored; null for any other type. */
export function formatOfMediaType(mediaType: string): ArchiveFormat | null {
  const essence = mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return Object.hasOwn(mediaTypes, essence) ? (mediaTypes[essence] ?? null) : null;
}
