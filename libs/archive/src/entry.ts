import type { Readable } from 'node:stream';

/** An entry as the archive claims it to be; nothing of it is checked yet. */
export interface RawEntry {
  name: string;
  kind: 'file' | 'folder' | 'link' | 'hardlink' | 'other';
  size: number;
  mode: number;
  /** Where a link or hardlink points. */
  target: string;
}

/** Sees each entry in turn; a file's body must be read to its end before the promise settles. */
export type Visit = (entry: RawEntry, body: Readable) => Promise<void>;
