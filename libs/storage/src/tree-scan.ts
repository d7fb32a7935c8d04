import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { resolveInTree } from '@pierhead/archive';
import { UserError } from '@pierhead/model';
import { inParallel } from './in-parallel.js';

export interface ScannedFile {
  path: string;
  bytes: number;
  executable: boolean;
  /** sha256 of the content, hexadecimal. */
  hash: string;
}

/** Files up to this many bytes are read at once, which is much quicker than a stream for each. */
export const smallBytes = 1024 ** 2;

/** A tree of files as it lies on disk. Paths are relative, with forward slashes. */
export interface TreeScan {
  files: ScannedFile[];
  /** Symbolic links and their raw targets, all of which stay inside. */
  links: Map<string, string>;
}

/** Reads every file once; refuses what is neither a file, a folder nor a link that stays inside. */
export async function scanTree(root: string): Promise<TreeScan> {
  const scan: TreeScan = { files: [], links: new Map() };
  await collect(root, '', scan);
  for (const path of scan.links.keys())
    if (resolveInTree(scan.links, path) === null) throw unsafe(path, 'is a link that leads outside or in circles');
  await inParallel(scan.files, async (file) => {
    file.hash = await hashFile(join(root, file.path), file.bytes);
  });
  return scan;
}

/** The digest of a tree: over sorted paths, executable bits, contents and link targets, and nothing else. */
export function digestOf({ files, links }: TreeScan): string {
  const lines = [
    ...files.map((file) => `${file.executable ? 'x' : 'f'}\0${file.path}\0${file.hash}\n`),
    ...[...links].map(([path, target]) => `l\0${path}\0${target}\n`),
  ];
  return digestOfLines(lines);
}

function digestOfLines(lines: string[]): string {
  const hash = createHash('sha256');
  for (const line of lines.sort()) hash.update(line);
  return `sha256:${hash.digest('hex')}`;
}

/**
 * The digest of a folder as it lies on disk: names, permissions, contents and link targets, wherever links lead. Null
 * where something in it is neither a file, a folder nor a link.
 */
export async function digestFolder(root: string): Promise<string | null> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  if (!entries.every((entry) => entry.isFile() || entry.isDirectory() || entry.isSymbolicLink())) return null;
  const lines: string[] = [];
  await inParallel(entries, async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    if (entry.isSymbolicLink()) return void lines.push(`l\0${name}\0${await readlink(path)}\n`);
    const { mode, size } = await lstat(path);
    const hash = entry.isFile() ? await hashFile(path, size) : 'folder';
    lines.push(`${(mode & 0o7777).toString(8)}\0${name}\0${hash}\n`);
  });
  return digestOfLines(lines);
}

async function collect(root: string, folder: string, scan: TreeScan): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) await collect(root, path, scan);
    else if (entry.isSymbolicLink()) scan.links.set(path, await readlink(join(root, path)));
    else if (entry.isFile()) scan.files.push(await measure(root, path));
    else throw unsafe(path, 'is neither a file nor a folder nor a link');
  }
}

async function measure(root: string, path: string): Promise<ScannedFile> {
  const { size, mode } = await lstat(join(root, path));
  return { path, bytes: size, executable: (mode & 0o111) !== 0, hash: '' };
}

async function hashFile(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  if (bytes <= smallBytes) hash.update(await readFile(path));
  else await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const unsafe = (path: string, why: string) =>
  new UserError('tree_unsafe_entry', `${JSON.stringify(path)} ${why}.`, {
    hint: 'Only regular files, folders and links between them can be stored.',
  });
