import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';

/** Whether `path` exists and is `folder` or lies in it, links followed. */
export async function isInside(path: string, folder: string): Promise<boolean> {
  if (!isAbsolute(path)) return false;
  const [real, around] = await Promise.all([realpath(path), realpath(folder)]).catch(() => []);
  if (!real || !around) return false;
  const way = relative(around, real);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
