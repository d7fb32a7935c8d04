import { createArchiveProvider } from '../archive-source.js';

export const createStaticProvider = () => createArchiveProvider('site');
