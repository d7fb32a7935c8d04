import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, UserError, WorldError } from '@pierhead/model';
import type { Binaries } from './platform-binaries.js';
import type { ServerUser } from './server-user.js';

const run = promisify(execFile);

/** The folders of one embedded server, and who owns them. */
export interface Place {
  dataDir: string;
  clusterDir: string;
  passwordFile: string;
  user: ServerUser | null;
}

/**
 * How the server names its own folder. As another user it may not pass through our parents (such as a private home),
 * but it may use the folder that it was started in.
 */
export const seenByServer = (place: Place, dir: string) =>
  place.user && process.platform === 'linux' ? '/proc/self/cwd' : dir;

/** Makes the data folder, private to the server's user. Throws `data_dir_not_writable`. */
export async function makeFolder(dir: string, user: ServerUser | null): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    if (user) await chown(dir, user.uid, user.gid);
    const probe = join(dir, `.write-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe, { force: true });
  } catch (cause) {
    throw new UserError('data_dir_not_writable', `The data folder ${dir} cannot be written: ${messageOf(cause)}.`, {
      hint: 'Give the user that runs Pierhead the folder, or choose another with PIERHEAD_DATA_DIR.',
      cause,
    });
  }
}

/** Makes the cluster on the first start; answers the superuser's password. */
export async function ensureCluster(place: Place, binaries: Binaries): Promise<string> {
  if (await stat(join(place.clusterDir, 'PG_VERSION')).catch(() => null)) return readPassword(place);
  const password = randomBytes(24).toString('base64url');
  await rm(place.passwordFile, { force: true });
  await writeFile(place.passwordFile, password, { mode: 0o600 });
  if (place.user) await chown(place.passwordFile, place.user.uid, place.user.gid);
  await initialize(place, binaries);
  return password;
}

async function readPassword(place: Place): Promise<string> {
  return readFile(place.passwordFile, 'utf8').catch((cause) => {
    throw new UserError('data_dir_not_readable', `The password file ${place.passwordFile} cannot be read.`, {
      hint: 'Start Pierhead as the user that made the data folder.',
      cause,
    });
  });
}

/** Beside the final place, so that a half-made cluster is never taken for a whole one. */
async function initialize(place: Place, binaries: Binaries): Promise<void> {
  const draft = `${place.clusterDir}.new`;
  await rm(draft, { recursive: true, force: true });
  await makeFolder(draft, place.user);
  const seen = seenByServer(place, draft);
  const settings = ['--username=pierhead', '--auth=scram-sha-256', '--encoding=UTF8', '--no-locale'];
  // Not path.join: it would resolve the `..` before the kernel follows the link.
  const words = ['-D', seen, ...settings, `--pwfile=${seen}/../password`, '--no-instructions'];
  await run(binaries.initdb, words, { cwd: draft, ...place.user, env: { LC_ALL: 'C' } }).catch((cause) => {
    throw new WorldError('postgres_init_failed', `The embedded PostgreSQL could not be set up: ${lastLine(cause)}`, {
      cause,
    });
  });
  await rename(draft, place.clusterDir);
}

function lastLine(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  const lines = (stderr ?? '').split('\n').filter((line) => line.includes('error'));
  return lines[0] ?? messageOf(error);
}
