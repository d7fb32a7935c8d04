import { lstat, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { UserError } from '@pierhead/model';

/**
 * Throws UserError `source_unsafe_link` unless each of the links, given by its path in `folder`, leads to a place
 * inside of the folder, whether or not something is there.
 */
export async function refuseEscapingLinks(folder: string, links: readonly string[]): Promise<void> {
  const root = await realpath(folder);
  for (const link of links) if (!(await staysInside(root, link))) throw unsafeLink(link);
}

/** Whether `path` is `root` or below it; both real paths. */
export const isInside = (root: string, path: string) => path === root || path.startsWith(root + sep);

async function staysInside(root: string, link: string): Promise<boolean> {
  const path = join(root, link);
  // A name that is not UTF-8 cannot be looked at, and is not trusted.
  const found = await lstat(path).catch(() => null);
  if (!found) return false;
  if (!found.isSymbolicLink()) return true;
  const target = await readlink(path);
  if (isAbsolute(target)) return false;
  // Not joined: that would fold `..` away before the links in front of it are followed.
  const [place, rest] = await deepestExisting(`${dirname(path)}/${target}`);
  return isInside(root, place) && !rest.includes('..');
}

/** The real path of the longest part of `path` that exists, and the names that follow it. */
async function deepestExisting(path: string): Promise<[string, string[]]> {
  const names = path.split('/').slice(1);
  for (let count = names.length; count > 0; count--) {
    const real = await realpath(`/${names.slice(0, count).join('/')}`).catch(missing);
    if (real !== null) return [real, names.slice(count)];
  }
  return ['/', names];
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ELOOP') return null;
  throw error;
}

const unsafeLink = (link: string) =>
  new UserError('source_unsafe_link', `The symbolic link ${link} leads out of the repository.`, {
    hint: 'Let it point, relatively, to a file inside the repository, or remove it.',
  });
