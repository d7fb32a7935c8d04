import type {
  Database,
  deploymentRepository,
  disabledEntryRepository,
  dispatchRepository,
  gatewayRepository,
  logRepository,
  lookupRepository,
  runRepository,
  Secrets,
} from '@pierhead/database';
import type { Logger } from '@pierhead/logger';
import type { Capabilities, HostSettings, Storage } from '@pierhead/model';
import type { RegistrySource } from '@pierhead/plugin-host';
import type { Bell } from './bell.js';

/** What every deployment on this worker shares; none of it holds the state of a deployment. */
export interface WorkerContext {
  id: string;
  database: Database;
  deployments: ReturnType<typeof deploymentRepository>;
  dispatches: ReturnType<typeof dispatchRepository>;
  disabled: ReturnType<typeof disabledEntryRepository>;
  lookups: ReturnType<typeof lookupRepository>;
  runs: ReturnType<typeof runRepository>;
  logs: ReturnType<typeof logRepository>;
  gateways: ReturnType<typeof gatewayRepository>;
  /** Rings when a cancel was asked for, of any deployment. */
  cancellations: Bell;
  /** Rings when a gateway has taken in a newer route table. */
  acknowledgements: Bell;
  secrets: Secrets;
  storage: Storage;
  source: RegistrySource;
  host: HostSettings;
  /** What services may ask this worker for. */
  labels: readonly string[];
  /** What this machine could do at the last heartbeat. */
  capabilities: Capabilities;
  /** The folder of this worker's workspaces. */
  workspaces: string;
  logger: Logger;
}
