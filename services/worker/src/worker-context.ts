import {
  commandLineRepository,
  commandRunRepository,
  type Database,
  deploymentRepository,
  disabledEntryRepository,
  dispatchRepository,
  gatewayRepository,
  logRepository,
  lookupRepository,
  runRepository,
  type Secrets,
} from '@pierhead/database';
import type { Logger } from '@pierhead/logger';
import type { Capabilities, HostSettings } from '@pierhead/model';
import type { RegistrySource } from '@pierhead/plugin-host';
import type { FolderStorage } from '@pierhead/storage';
import type { Admission } from './admission.js';
import type { Bell } from './bell.js';

/** A worker's database, and what it does there. */
export const repositoriesOf = (database: Database) => ({
  database,
  deployments: deploymentRepository(database),
  dispatches: dispatchRepository(database),
  disabled: disabledEntryRepository(database),
  lookups: lookupRepository(database),
  runs: runRepository(database),
  logs: logRepository(database),
  commandRuns: commandRunRepository(database),
  commandLines: commandLineRepository(database),
  gateways: gatewayRepository(database),
});

/** What every deployment on this worker shares; none of it holds the state of a deployment. */
export interface WorkerContext extends ReturnType<typeof repositoriesOf> {
  id: string;
  /** Rings when a cancel was asked for, of any deployment. */
  cancellations: Bell;
  /** Rings when a gateway has taken in a newer route table. */
  acknowledgements: Bell;
  /** Rings when something was started on this machine. */
  starts: Bell;
  /** Whether this machine has room for a deployment. */
  admission: Admission;
  secrets: Secrets;
  storage: FolderStorage;
  source: RegistrySource;
  host: HostSettings;
  /** What services may ask this worker for. */
  labels: readonly string[];
  /** What this machine could do at the last heartbeat. */
  capabilities: Capabilities;
  /** The folders of this machine that building fills, as the builders said last. */
  filled: readonly string[];
  /** The folder of this worker's workspaces. */
  workspaces: string;
  logger: Logger;
}
