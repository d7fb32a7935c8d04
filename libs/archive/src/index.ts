export { detectFormat, formatOfMediaType } from './detect-format.js';
export { type ExtractOptions, extractArchive } from './extract-archive.js';
export type { ArchiveSummary } from './gate.js';
export { type ArchiveLimits, defaultLimits } from './limits.js';
export { resolveInTree } from './resolve-in-tree.js';
export { inspectArchive } from './walk-archive.js';
