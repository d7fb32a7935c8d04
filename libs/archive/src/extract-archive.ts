import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ArchiveFormat } from '@pierhead/model';
import type { Admitted, ArchiveSummary, Gate } from './gate.js';
import { archiveError } from './refusal.js';
import { type WalkOptions, walkArchive } from './walk-archive.js';

export interface ExtractOptions extends WalkOptions {
  /** When everything lies in one folder, its content becomes the content of `into`. */
  stripSingleRoot?: boolean;
}

/** Unpacks into `into`, a new or empty folder; on refusal, failure or abort it is left empty. */
export async function extractArchive(
  path: string,
  format: ArchiveFormat,
  into: string,
  options: ExtractOptions = {},
): Promise<ArchiveSummary> {
  await mkdir(into, { recursive: true });
  if ((await readdir(into)).length > 0) throw new Error(`The folder ${into} is not empty`);
  try {
    const gate = await walkArchive(path, format, writer(into, options.signal), options);
    const root = options.stripSingleRoot ? await liftSingleRoot(into, gate) : null;
    await writeLinks(into, gate.resolvedLinks(), root);
    return gate.summary;
  } catch (error) {
    await empty(into);
    throw archiveError(error);
  }
}

/** Files up to this many bytes are written at once, which is much quicker than a stream for each. */
const smallBytes = 256 * 1024;

/** Writes files and folders. Links come last of all, so that nothing is ever written through one. */
function writer(into: string, signal: AbortSignal | undefined) {
  const made = new Set<string>();
  const ensure = async (folder: string) => {
    if (!made.has(folder)) await makeFolder(folder);
    made.add(folder);
  };
  return async (entry: Admitted, body: Readable): Promise<void> => {
    if (entry.kind === 'link') return;
    const target = join(into, entry.path);
    if (entry.kind === 'folder') return ensure(target);
    await ensure(dirname(target));
    if (entry.kind === 'copy') await copyFile(join(into, entry.from), target, constants.COPYFILE_EXCL);
    else if (entry.size <= smallBytes) await writeFile(target, await buffer(body), { flag: 'wx', signal });
    else await pipeline(body, (await open(target, 'wx')).createWriteStream(), { signal });
    await chmod(target, entry.mode);
  };
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

/** What archivers of some systems add beside the folder that was packed. */
const litter = new Set(['__MACOSX', '.DS_Store']);

/** Moves a single top folder's content up; answers the folder's name, or null when there was nothing to lift. */
async function liftSingleRoot(into: string, gate: Gate): Promise<string | null> {
  const top = [...gate.topLevel()].filter(([name]) => !litter.has(name));
  const [root, kind] = top[0] ?? [];
  if (top.length !== 1 || !root || kind !== 'folder') return null;
  for (const name of litter) await rm(join(into, name), { recursive: true, force: true });
  const aside = join(into, randomUUID());
  await rename(join(into, root), aside);
  for (const name of await readdir(aside)) await rename(join(aside, name), join(into, name));
  await rmdir(aside);
  return root;
}

async function writeLinks(into: string, links: Map<string, string>, root: string | null): Promise<void> {
  const lifted = (path: string) =>
    root !== null && `${path}/`.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  for (const [path, target] of links) {
    if (root !== null && lifted(path) === path) continue;
    const at = join(into, lifted(path));
    await makeFolder(dirname(at));
    await symlink(relative(dirname(at), join(into, lifted(target))) || '.', at);
  }
}

async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}
