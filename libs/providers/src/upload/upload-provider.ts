import { createArchiveProvider } from '../archive-source.js';

export const createUploadProvider = () => createArchiveProvider('tree');
