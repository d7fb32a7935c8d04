import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { ArchiveFormat } from '@pierhead/model';
import { detectFormat } from './detect-format.js';
import type { RawEntry } from './entry.js';
import { type Admitted, type ArchiveSummary, Gate } from './gate.js';
import { type ArchiveLimits, defaultLimits } from './limits.js';
import { readTar } from './read-tar.js';
import { readZip } from './read-zip.js';
import { archiveError, invalid } from './refusal.js';

export interface WalkOptions {
  limits?: Partial<ArchiveLimits>;
  signal?: AbortSignal;
}

/** Does something with an entry that the gate let through; must read the body to its end. */
export type Write = (entry: Admitted, body: Readable) => Promise<void>;

/** Leads every entry through the gate to `write`; the gate that comes back has seen the whole archive. */
export async function walkArchive(
  path: string,
  format: ArchiveFormat,
  write: Write,
  { limits, signal }: WalkOptions,
): Promise<Gate> {
  try {
    signal?.throwIfAborted();
    await checkFormat(path, format);
    const gate = new Gate({ ...defaultLimits, ...limits }, (await stat(path)).size);
    const visit = (entry: RawEntry, body: Readable) => write(gate.admit(entry), body);
    if (format === 'zip') await readZip(path, visit, signal);
    else
      await readTar(path, visit, {
        gzip: format === 'tar.gz',
        onUnpacked: (bytes) => gate.checkUnpacked(bytes),
        signal,
      });
    gate.resolvedLinks();
    return gate;
  } catch (error) {
    throw archiveError(error);
  }
}

async function checkFormat(path: string, format: ArchiveFormat): Promise<void> {
  const found = await detectFormat(path);
  if (found !== format) throw invalid(`it should be ${format} and is ${found ?? 'something else'}`);
}

/** Reads the whole archive without writing anything; refuses what extraction would refuse. */
export async function inspectArchive(
  path: string,
  format: ArchiveFormat,
  limits?: Partial<ArchiveLimits>,
  signal?: AbortSignal,
): Promise<ArchiveSummary> {
  const options: WalkOptions = { ...(limits && { limits }), ...(signal && { signal }) };
  const gate = await walkArchive(path, format, (_entry, body) => drain(body), options);
  return gate.summary;
}

async function drain(body: Readable): Promise<void> {
  for await (const _chunk of body);
}
