import type { Config } from '@pierhead/config';
import { freePort } from '@pierhead/embedded-postgres';
import { type DataFolder, ensureKeys, openDataFolder } from './data-folder.js';
import { type KeptDatabase, keepDatabase } from './kept-database.js';
import { layout, type ProcessSpec, without } from './layout.js';
import type { RoleConfig, RoleUrls } from './messages.js';
import { beginProcesses, stopProcesses } from './process-group.js';
import { SupervisedProcess } from './supervised-process.js';

export interface Standalone {
  urls: RoleUrls;
  config: RoleConfig;
  folder: DataFolder;
  /** Stops everything in order; what has not ended within the grace is ended. */
  stop(): Promise<void>;
  /** Ends every process at once; a `stop` that is under way has nothing left to wait for. */
  end(): Promise<void>;
}

export interface StandaloneOptions {
  /** Tells the person at the terminal, in one line. */
  report(text: string): void;
  /** Ends a start that is under way. */
  signal?: AbortSignal;
  specs?: readonly ProcessSpec[];
}

const databaseLimitMs = 1_000;

/** Starts the whole of Pierhead on one machine; on any failure everything that was started is stopped again. */
export async function startStandalone(config: Config, options: StandaloneOptions): Promise<Standalone> {
  const { report, signal = new AbortController().signal } = options;
  const folder = await openDataFolder(config.dataDir);
  const specs = config.catalogUrl ? without('catalog', options.specs ?? layout) : (options.specs ?? layout);
  const processes: SupervisedProcess[] = [];
  let database: KeptDatabase | null = null;
  const stop = async () => {
    await stopProcesses(processes, config.shutdownGraceSeconds * 1_000);
    await database?.stop(databaseLimitMs);
    await folder.lock.release();
  };
  const end = async () => {
    for (const each of processes) each.retire();
    await Promise.all(processes.map((each) => each.end(0)));
  };
  try {
    const keys = await ensureKeys(folder, config);
    // They load while the database starts.
    processes.push(...specs.map((spec) => new SupervisedProcess(spec, { logsDir: folder.logs, report })));
    database = config.databaseUrl ? null : await keepDatabase(folder.postgres, report);
    signal.throwIfAborted();
    const roleConfig = { ...config, ...keys, ...(await addresses(config, database)) };
    const order = { config: roleConfig, lockFile: folder.lockFile, postgresDir: database && folder.postgres };
    const urls = await beginProcesses(processes, order, folder.lock.wasLeft, signal);
    return { urls, config: roleConfig, folder, stop, end };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The catalog is nobody else's business here: it takes whichever port is free. */
async function addresses(config: Config, database: KeptDatabase | null) {
  const catalogPort = config.catalogUrl ? config.catalogPort : await freePort();
  return {
    databaseUrl: config.databaseUrl ?? database?.url ?? '',
    catalogPort,
    catalogUrl: config.catalogUrl ?? `http://127.0.0.1:${catalogPort}`,
    catalogHost: '127.0.0.1',
  };
}
