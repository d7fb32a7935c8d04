export {
  createFolderStorage,
  type FolderStorage,
  type FolderStorageOptions,
  type UploadStore,
} from './folder-storage.js';
export { type Encoding, openTree, type Tree, type TreeFile } from './tree.js';
export { digestFolder } from './tree-scan.js';
export type { SavedUpload, UploadOptions } from './uploads.js';
