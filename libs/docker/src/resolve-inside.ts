import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { UserError } from '@pierhead/model';

/** The real path of `relative` under `folder`, or null when nothing is there. Refuses links that lead outside. */
export async function resolveInside(folder: string, relative: string): Promise<string | null> {
  const root = await realpath(folder);
  const path = await realpath(join(root, relative)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ELOOP') return null;
    throw error;
  });
  if (path === null || path === root || path.startsWith(root + sep)) return path;
  throw new UserError('path_outside_source', `${relative} leads outside the source`, {
    hint: 'Use a path, and links, that stay inside the source.',
  });
}
