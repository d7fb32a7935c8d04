import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const digestPattern = /^sha256:([0-9a-f]{64})$/;
const staleMs = 60 * 60 * 1_000;

/** The hexadecimal part of a `sha256:…` digest; null for anything else, so that no other text reaches a path. */
export const hexOf = (digest: string): string | null => digestPattern.exec(digest)?.[1] ?? null;

/** Where things lie below the storage's root. */
export interface StoragePaths {
  uploads: string;
  trees: string;
  unfinished: string;
  /** A new name for something unfinished, in the same file system. */
  temporary(): string;
}

/** Makes the folders, and clears the one for what is unfinished. */
export async function prepareStorage(root: string): Promise<StoragePaths> {
  const temporary = join(root, 'tmp');
  const paths = { uploads: join(root, 'uploads'), trees: join(root, 'trees'), unfinished: temporary };
  for (const folder of Object.values(paths)) await mkdir(folder, { recursive: true });
  await removeUnfinished(paths);
  return { ...paths, temporary: () => join(temporary, randomUUID()) };
}

/** Removes what a process that died left unfinished, such as half of an upload: what nothing has touched for an hour. */
export async function removeUnfinished({ unfinished: folder }: Pick<StoragePaths, 'unfinished'>): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const seen = await stat(path).catch(() => null);
    if (seen && Date.now() - seen.mtimeMs > staleMs) await rm(path, { recursive: true, force: true });
  }
}

/** Makes a rename in `folder` outlast a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
