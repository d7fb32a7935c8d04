export { createFolderStorage, type FolderStorageOptions, type UploadStore } from './folder-storage.js';
export { type Encoding, openTree, type Tree, type TreeFile } from './tree.js';
export type { SavedUpload, UploadLimits } from './uploads.js';
