import { readdir, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ArchiveType } from '@pierhead/client';
import { create } from 'tar';
import { CliError } from './failure.js';

const types: Record<string, ArchiveType> = {
  '.tar.gz': 'application/gzip',
  '.tgz': 'application/gzip',
  '.tar': 'application/x-tar',
  '.zip': 'application/zip',
};

/** A folder as an archive that is packed while it is read, or an archive as the file that it is. Throws CliError. */
export async function openArchive(path: string): Promise<{ content: string | Readable; type: ArchiveType }> {
  const found = await stat(path).catch(() => null);
  if (!found) throw new CliError('path_not_found', `There is nothing at ${path}.`);
  if (found.isDirectory()) return { content: await pack(path), type: 'application/gzip' };
  const type = Object.entries(types).find(([ending]) => path.endsWith(ending))?.[1];
  if (!type) throw new CliError('unknown_archive', `${path} has none of the endings ${Object.keys(types).join(', ')}.`);
  return { content: path, type };
}

async function pack(folder: string): Promise<Readable> {
  const names = await readdir(folder);
  // The packer takes a bare `@name` for an archive to copy from.
  const entries = names.filter((name) => name !== '.git').map((name) => `./${name}`);
  if (entries.length === 0) throw new CliError('folder_empty', `There are no files in ${folder}.`);
  return Readable.from(create({ gzip: true, portable: true, cwd: folder }, entries));
}
