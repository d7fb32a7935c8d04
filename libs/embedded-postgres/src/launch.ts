import { spawn } from 'node:child_process';
import { chown, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WorldError } from '@pierhead/model';
import { type Place, seenByServer } from './cluster.js';
import { freePort } from './free-port.js';
import type { Binaries } from './platform-binaries.js';
import { probe } from './probe.js';
import { serverArguments } from './server-settings.js';
import { until } from './until.js';

const startLimitMs = 60_000;
const maxLogBytes = 5_000_000;

export interface Launched {
  url: string;
  pid: number;
}

export interface LaunchOptions {
  port?: number;
  durable: boolean;
  password: string;
}

/** A URL for the superuser's default database. */
export const serverUrl = (port: number, password: string) =>
  `postgres://pierhead:${password}@127.0.0.1:${port}/postgres`;

/** Starts a server and waits until it answers a query. Null when it was not its turn: another server holds the cluster or took the port. */
export async function launch(place: Place, binaries: Binaries, options: LaunchOptions): Promise<Launched | null> {
  const port = await freePort(options.port);
  const url = serverUrl(port, options.password);
  const log = await openLog(join(place.dataDir, 'postgres.log'), place);
  const words = serverArguments(seenByServer(place, place.clusterDir), port, options.durable);
  // Detached: a Ctrl-C in the terminal must not reach the database before its clients.
  const child = spawn(binaries.postgres, words, {
    cwd: place.clusterDir,
    ...place.user,
    env: { LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', log.handle.fd, log.handle.fd],
  });
  child.unref();
  const failure = new Promise<Error>((resolve) => child.once('error', resolve));
  const exited = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const ended = await until(async () => exited() || (await probe(url)) === 'ready', startLimitMs);
  await log.handle.close();
  if (ended && !exited() && child.pid) return { url, pid: child.pid };
  if (child.pid) child.kill('SIGQUIT');
  const output = child.pid ? await log.written() : String(await failure);
  if (isPassing(output, options.port !== undefined)) return null;
  throw new WorldError('postgres_start_failed', `The embedded PostgreSQL did not start: ${lastFault(output)}`, {
    hint: `Its log is ${log.path}.`,
  });
}

/** What another try may find gone: an older server that is just ending, or a free port that was taken meanwhile. */
function isPassing(output: string, portIsFixed: boolean): boolean {
  if (output.includes('lock file') || output.includes('is still in use')) return true;
  return !portIsFixed && output.includes('could not bind');
}

async function openLog(path: string, { user }: Place) {
  const before = await stat(path).catch(() => null);
  if (before && before.size > maxLogBytes) await rename(path, `${path}.1`);
  const offset = before && before.size <= maxLogBytes ? before.size : 0;
  const handle = await open(path, 'a', 0o600);
  if (user) await chown(path, user.uid, user.gid);
  return { path, handle, written: async () => (await readFile(path)).subarray(offset).toString() };
}

function lastFault(output: string): string {
  const lines = output.trim().split('\n');
  return lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1) ?? 'no reason given';
}
