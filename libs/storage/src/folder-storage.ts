import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ArchiveFormat, LocalArtifact, Storage, UploadFile } from '@pierhead/model';
import { hexOf, isThere, prepareStorage, removeUnfinished, type StoragePaths } from './storage-paths.js';
import { listTrees, putTree, removeTree, treePath } from './trees.js';
import { removeUpload, type SavedUpload, saveUpload, type UploadOptions } from './uploads.js';

/** The side of storage that takes things in and lets them go. */
export interface UploadStore {
  /**
   * Stores an archive that is streamed in. `type` is a format or a media type. Throws UserError `upload_too_large`,
   * `upload_type_unknown`, or what the archive gate found.
   */
  saveUpload(stream: Readable, type: ArchiveFormat | (string & {}), options?: UploadOptions): Promise<SavedUpload>;
  removeUpload(digest: string): Promise<void>;
}

/** The side of storage that is cleared of what nobody needs. */
interface Clearing {
  /** The stored trees, without those of some digests. */
  listTrees(except?: readonly string[]): Promise<LocalArtifact[]>;
  /** Removes what processes that died left unfinished more than a day ago. */
  removeUnfinished(): Promise<void>;
}

export type FolderStorage = Storage & UploadStore & Clearing;

export interface FolderStorageOptions {
  /** Which stored archive an upload's id stands for. */
  findUpload(id: string): Promise<{ digest: string; format: ArchiveFormat } | null>;
}

/** Storage in a folder, which workers and gateways on several machines may share. */
export function createFolderStorage(root: string, { findUpload }: FolderStorageOptions): FolderStorage {
  const ready = prepareStorage(root);
  // Whoever uses the storage hears of it.
  ready.catch(() => {});
  return {
    uploadFile: async (id) => locateUpload(await ready, await findUpload(id)),
    putTree: async (folder) => putTree(await ready, folder),
    treePath: async (digest) => treePath(await ready, digest),
    saveUpload: async (stream, type, options = {}) => saveUpload(await ready, stream, type, options),
    removeUpload: async (digest) => removeUpload(await ready, digest),
    listTrees: async (except = []) => listTrees(await ready, except),
    removeUnfinished: async () => removeUnfinished(await ready),
    removeTree: async (digest) => removeTree(await ready, digest),
  };
}

async function locateUpload(
  paths: StoragePaths,
  found: { digest: string; format: ArchiveFormat } | null,
): Promise<UploadFile | null> {
  const hex = found && hexOf(found.digest);
  if (!found || !hex) return null;
  const path = join(paths.uploads, hex);
  return (await isThere(path)) ? { path, ...found } : null;
}
