import { mkdir, rm } from 'node:fs/promises';

/** Makes a private folder empty, whatever there was. */
export async function emptyFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}
