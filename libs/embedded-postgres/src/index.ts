export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.js';
export { freePort } from './free-port.js';
export { stopAbandonedPostgres } from './postmaster.js';
