import { chmod, cp, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalArtifact, StoredTree } from '@pierhead/model';
import { compressTree } from './compress-tree.js';
import { inParallel } from './in-parallel.js';
import { hexOf, isThere, type StoragePaths, syncFolder } from './storage-paths.js';
import { indexPath, type TreeIndex, writeIndex } from './tree.js';
import { digestOf, scanTree, type TreeScan } from './tree-scan.js';

/** Takes the folder over and keeps it under its digest; the same files again change nothing. */
export async function putTree(paths: StoragePaths, folder: string): Promise<StoredTree> {
  const scan = await scanTree(folder);
  const digest = digestOf(scan);
  if (await renewTree(paths, digest)) await rm(folder, { recursive: true, force: true });
  else await store(paths, folder, scan, digest);
  const bytes = scan.files.reduce((sum, file) => sum + file.bytes, 0);
  return { digest, bytes, files: scan.files.length + scan.links.size };
}

/** The stored trees, without those of some digests, each with the time at which it was last put. */
export async function listTrees(paths: StoragePaths, except: readonly string[]): Promise<LocalArtifact[]> {
  const untold = new Set(except);
  const found = await Promise.all(
    (await readdir(paths.trees)).map(async (hex) => {
      const digest = `sha256:${hex}`;
      const seen = untold.has(digest) ? null : await stat(indexPath(join(paths.trees, hex))).catch(() => null);
      return seen ? [{ digest, madeAt: seen.mtimeMs }] : [];
    }),
  );
  return found.flat();
}

/** Marks a tree as just put; false when it is not stored. */
async function renewTree(paths: StoragePaths, digest: string): Promise<boolean> {
  const tree = locate(paths, digest);
  const now = new Date();
  return (
    tree !== null &&
    utimes(indexPath(tree), now, now).then(
      () => true,
      () => false,
    )
  );
}

/** The folder of a tree's files, or null when it is not stored. */
export async function treePath(paths: StoragePaths, digest: string): Promise<string | null> {
  const tree = locate(paths, digest);
  return tree && (await isThere(indexPath(tree))) ? join(tree, 'files') : null;
}

export async function removeTree(paths: StoragePaths, digest: string): Promise<void> {
  const tree = locate(paths, digest);
  if (tree) await discard(paths, tree);
}

function locate(paths: StoragePaths, digest: string): string | null {
  const hex = hexOf(digest);
  return hex && join(paths.trees, hex);
}

async function store(paths: StoragePaths, folder: string, scan: TreeScan, digest: string): Promise<void> {
  const staging = paths.temporary();
  try {
    await mkdir(staging);
    await move(folder, join(staging, 'files'));
    const index = await finish(staging, scan);
    await writeIndex(staging, index);
    await publish(paths, staging, join(paths.trees, hexOf(digest) ?? ''));
    await syncFolder(paths.trees);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function finish(staging: string, scan: TreeScan): Promise<TreeIndex> {
  const encodings = await compressTree(staging, scan.files);
  await inParallel(scan.files, (file) => chmod(join(staging, 'files', file.path), file.executable ? 0o555 : 0o444));
  const files = scan.files.map(({ path, bytes, hash }) => [
    path,
    { bytes, hash, encodings: encodings.get(path) ?? [] },
  ]);
  return { files: Object.fromEntries(files), links: Object.fromEntries(scan.links) };
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
    await rm(from, { recursive: true, force: true });
  }
}

/** Whoever stores the same tree first wins; the others' copies are the same. What a crash left half-made gives way. */
async function publish(paths: StoragePaths, staging: string, to: string): Promise<void> {
  for (;;) {
    try {
      return await rename(staging, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      if (await isThere(indexPath(to))) return;
    }
    await discard(paths, to);
  }
}

/** Out of sight at once, whatever becomes of the removal. */
async function discard(paths: StoragePaths, tree: string): Promise<void> {
  const doomed = paths.temporary();
  await rename(tree, doomed).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(doomed, { recursive: true, force: true });
}
