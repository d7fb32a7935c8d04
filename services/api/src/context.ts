import type {
  artifactRepository,
  auditRepository,
  commandLineRepository,
  commandRepository,
  Database,
  deploymentRepository,
  logRepository,
  outputRepository,
  projectRepository,
  registryUsageRepository,
  Secrets,
  sampleRepository,
  serviceRepository,
  tokenRepository,
  uploadRepository,
  workerRepository,
} from '@pierhead/database';
import type { WorkQueue } from '@pierhead/queue';
import type { UploadStore } from '@pierhead/storage';
import type { CatalogClient } from './catalog-client.js';
import type { Feed } from './feed.js';
import type { KeptAnswers } from './kept-answers.js';
import type { Signer } from './signer.js';
import type { Toggles } from './toggles.js';

/** What the routes work with. */
export interface ApiContext {
  database: Database;
  projects: ReturnType<typeof projectRepository>;
  services: ReturnType<typeof serviceRepository>;
  deployments: ReturnType<typeof deploymentRepository>;
  logs: ReturnType<typeof logRepository>;
  commands: ReturnType<typeof commandRepository>;
  commandLines: ReturnType<typeof commandLineRepository>;
  output: ReturnType<typeof outputRepository>;
  samples: ReturnType<typeof sampleRepository>;
  uploads: ReturnType<typeof uploadRepository>;
  artifacts: ReturnType<typeof artifactRepository>;
  workers: ReturnType<typeof workerRepository>;
  tokens: ReturnType<typeof tokenRepository>;
  audit: ReturnType<typeof auditRepository>;
  usage: ReturnType<typeof registryUsageRepository>;
  queue: WorkQueue;
  storage: UploadStore;
  catalog: CatalogClient;
  /** What the catalog answered a moment ago. */
  kept: KeptAnswers;
  toggles: Toggles;
  secrets: Secrets;
  /** Of provenance. */
  signer: Signer;
  /** The id of this installation. */
  installation: string;
  feed: Feed;
  baseDomain: string;
  /** The folder in which everything is kept. */
  dataDir: string;
  /** Bytes that artifacts may take; undefined without a limit. */
  artifactBudget: number | undefined;
  /** The URL at which an environment of a service answers. */
  urlOf(serviceName: string, environment: string): string;
}
