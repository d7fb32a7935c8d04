import type {
  auditRepository,
  Database,
  deploymentRepository,
  logRepository,
  projectRepository,
  Secrets,
  serviceRepository,
  tokenRepository,
  uploadRepository,
  workerRepository,
} from '@pierhead/database';
import type { DeploymentQueue } from '@pierhead/queue';
import type { UploadStore } from '@pierhead/storage';
import type { CatalogClient } from './catalog-client.js';
import type { Feed } from './feed.js';

/** What the routes work with. */
export interface ApiContext {
  database: Database;
  projects: ReturnType<typeof projectRepository>;
  services: ReturnType<typeof serviceRepository>;
  deployments: ReturnType<typeof deploymentRepository>;
  logs: ReturnType<typeof logRepository>;
  uploads: ReturnType<typeof uploadRepository>;
  workers: ReturnType<typeof workerRepository>;
  tokens: ReturnType<typeof tokenRepository>;
  audit: ReturnType<typeof auditRepository>;
  queue: DeploymentQueue;
  storage: UploadStore;
  catalog: CatalogClient;
  secrets: Secrets;
  feed: Feed;
  baseDomain: string;
  /** The URL at which an environment of a service answers. */
  urlOf(serviceName: string, environment: string): string;
}
