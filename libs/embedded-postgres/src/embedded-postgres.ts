import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WorldError } from '@pierhead/model';
import { ensureCluster, makeFolder, type Place } from './cluster.js';
import { type Launched, launch, serverUrl } from './launch.js';
import { platformBinaries } from './platform-binaries.js';
import { alive, findPostmaster, stopPostmaster } from './postmaster.js';
import { probe } from './probe.js';
import { serverUser } from './server-user.js';
import { until } from './until.js';

export interface EmbeddedPostgresOptions {
  /** A folder for this server alone: its files, its password and its log. */
  dataDir: string;
  /** A free one by default. */
  port?: number;
  /** False trades safety against power loss for speed. */
  durable?: boolean;
  log?: (text: string) => void;
}

export interface EmbeddedPostgres {
  url: string;
  pid: number;
  /** Whether it was running already. */
  adopted: boolean;
  /** Resolves when the process has ended, for whatever reason. */
  ended: Promise<void>;
  /** Resolves when the process has ended: orderly within `limitMs` (default 4,000), else at once. */
  stop(limitMs?: number): Promise<void>;
}

const lockLimitMs = 10_000;

/**
 * Starts a PostgreSQL server on 127.0.0.1, or adopts the one that still runs on `dataDir`.
 * Throws UserError with `postgres_binary_missing`, `data_dir_not_writable`, `port_taken`, `postgres_user_missing` or
 * `postgres_user_unknown`; WorldError with `postgres_init_failed`, `postgres_start_failed` or `postgres_locked`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log = () => {} } = options;
  const clusterDir = join(dataDir, 'cluster');
  const user = await serverUser(clusterDir);
  await makeFolder(dataDir, user);
  const place = { dataDir, clusterDir, passwordFile: join(dataDir, 'password'), user };
  const binaries = await platformBinaries(user, dataDir);
  const password = await ensureCluster(place, binaries);
  const launchOptions = { port: options.port, durable: options.durable ?? true, password };

  let server: EmbeddedPostgres | null = null;
  await until(async () => {
    server = await adopt(place, password);
    if (server) log('adopted the PostgreSQL server that was still running');
    else if (!(await findPostmaster(clusterDir))) server = own(place, await launch(place, binaries, launchOptions));
    return server !== null;
  }, lockLimitMs);
  if (server) return server;
  throw new WorldError('postgres_locked', `Another PostgreSQL server holds the data folder ${dataDir}.`, {
    hint: 'Wait until it has stopped, or stop it.',
  });
}

async function adopt(place: Place, password: string): Promise<EmbeddedPostgres | null> {
  const running = await findPostmaster(place.clusterDir);
  if (!running?.port) return null;
  const url = serverUrl(running.port, password);
  if ((await probe(url)) !== 'ready') return null;
  return { ...handle(place, { url, pid: running.pid }), adopted: true };
}

const own = (place: Place, launched: Launched | null) => launched && handle(place, launched);

function handle(place: Place, { url, pid }: Launched): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  const stop = (limitMs = 4_000) => {
    stopping ??= stopPostmaster(place.clusterDir, pid, limitMs);
    return stopping;
  };
  return { url, pid, adopted: false, ended: endOf(pid), stop };
}

/** Looked for, since an adopted server is nobody's child here. */
async function endOf(pid: number): Promise<void> {
  while (alive(pid)) await delay(250, undefined, { ref: false });
}
