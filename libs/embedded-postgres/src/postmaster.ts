import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './until.js';

/** What a running server tells of itself in `postmaster.pid`. */
export interface Postmaster {
  pid: number;
  port: number;
}

/** The server that runs on a cluster, or null. A file left by a dead server counts as none. */
export async function findPostmaster(clusterDir: string): Promise<Postmaster | null> {
  const text = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  const port = Number.parseInt(lines[3] ?? '', 10);
  if (!(pid > 1) || !alive(pid) || !(await isPostgres(pid))) return null;
  return { pid, port: port > 0 ? port : 0 };
}

export function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** After a reboot the number may belong to anyone; where there is no /proc, the number is believed. */
async function isPostgres(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status.includes('(postgres)') && !status.includes(') Z ');
}

/** Stops a server: orderly, then at once; data that was committed survives both. */
export async function stopPostmaster(clusterDir: string, pid: number, limitMs: number): Promise<void> {
  const gone = async () => (await findPostmaster(clusterDir))?.pid !== pid;
  for (const [signal, limit] of [
    ['SIGINT', limitMs],
    ['SIGQUIT', 2_000],
    ['SIGKILL', 1_000],
  ] as const) {
    if (await gone()) return;
    send(pid, signal);
    if (await until(gone, limit)) return;
  }
}

/** Ends a server whose starter has died: once its last client has gone, or `now`, waiting for its end. */
export async function stopAbandonedPostgres(dataDir: string, when: 'idle' | 'now' = 'idle'): Promise<void> {
  const clusterDir = join(dataDir, 'cluster');
  const postmaster = await findPostmaster(clusterDir);
  if (!postmaster) return;
  if (when === 'now') return stopPostmaster(clusterDir, postmaster.pid, 2_000);
  send(postmaster.pid, 'SIGTERM');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone, or not ours; the caller looks again.
  }
}
