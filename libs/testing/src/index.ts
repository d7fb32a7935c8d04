export * from './contracts/index.js';
export * from './docker.js';
export * from './git-server.js';
export * from './pack-archive.js';
export * from './missing-program.js';
export * from './postgres.js';
export * from './redis.js';
