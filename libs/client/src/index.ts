export * from './answers.js';
export { ApiError, UnreachableError } from './api-error.js';
export { type Client, createClient, dataOf } from './create-client.js';
export { type FollowOptions, followCommand, followEvents, followLogs, followMetrics, followOutput } from './follow.js';
export type { components, operations, paths } from './schema.js';
export { type ArchiveType, upload } from './upload.js';
