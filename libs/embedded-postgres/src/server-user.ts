import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { UserError } from '@pierhead/model';

/** Who the server runs as. PostgreSQL refuses to run as root. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/** Null when the server may run as whoever we are; as root, the user to drop to. */
export async function serverUser(clusterDir: string): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return requireName();
  const owner = await stat(clusterDir).catch(() => null);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const user = findUser(passwd, 'postgres') ?? findUser(passwd, 'nobody');
  if (user) return user;
  throw new UserError(
    'postgres_user_missing',
    'The embedded PostgreSQL cannot run as root, and there is neither a user "postgres" nor "nobody" to run it as.',
    { hint: 'Start Pierhead as an ordinary user, or set DATABASE_URL.' },
  );
}

function requireName(): null {
  try {
    userInfo();
    return null;
  } catch (cause) {
    throw new UserError(
      'postgres_user_unknown',
      `The embedded PostgreSQL cannot run as user id ${process.getuid?.()}, because /etc/passwd has no entry for it.`,
      { hint: 'Add an entry for the user, or set DATABASE_URL.', cause },
    );
  }
}

/** Reads one line of a passwd file; root and malformed lines are nobody. */
export function findUser(passwd: string, name: string): ServerUser | null {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find((line) => line[0] === name);
  const uid = Number.parseInt(fields?.[2] ?? '', 10);
  const gid = Number.parseInt(fields?.[3] ?? '', 10);
  return uid > 0 && gid >= 0 ? { uid, gid } : null;
}

/** Whether `user` may pass through every folder from the root to `folder`. */
export async function canReach(folder: string, user: ServerUser | null): Promise<boolean> {
  if (!user) return true;
  const parts = folder.split('/').map((_, index, all) => all.slice(0, index + 1).join('/') || '/');
  for (const part of parts) {
    const entry = await stat(part).catch(() => null);
    if (entry && !maySearch(entry, user)) return false;
  }
  return true;
}

function maySearch(entry: { mode: number; uid: number; gid: number }, user: ServerUser): boolean {
  if (entry.uid === user.uid) return (entry.mode & 0o100) !== 0;
  if (entry.gid === user.gid) return (entry.mode & 0o010) !== 0;
  return (entry.mode & 0o001) !== 0;
}
