import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@pierhead/model';
import { refuseEscapingLinks } from './contained-links.js';
import { type GitCall, git } from './git-command.js';
import { localFailure } from './git-failure.js';
import type { GitLimits } from './git-limits.js';
import { sourceTooLarge } from './watch-size.js';

/** Writes a fetched commit's files into `folder` once their number and size are known, and drops the repository. */
export async function checkout(commit: string, folder: string, limits: GitLimits, call: GitCall): Promise<void> {
  const inRepository = { ...call, folder };
  const { links, submodules } = await inspectTree(commit, limits, inRepository);
  for (const path of submodules.slice(0, 10)) call.onLine?.(`Submodule ${path} is left out.`);
  const args = ['checkout', '--quiet', '--force', '--detach', '--no-recurse-submodules', commit];
  const result = await git(args, inRepository);
  if (result.exitCode !== 0) throw localFailure(result);
  await rm(join(folder, '.git'), { recursive: true, force: true });
  await refuseEscapingLinks(folder, links);
}

interface Entry {
  mode: string;
  bytes: number;
  path: string;
}

async function inspectTree(commit: string, limits: GitLimits, call: GitCall) {
  const entries = await listTree(commit, call);
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (entries.length > limits.files) throw sourceTooLarge(`more than ${limits.files} files`);
  if (bytes > limits.treeBytes)
    throw sourceTooLarge(`${bytes} bytes of files, at most ${limits.treeBytes} are accepted`);
  const pathsOf = (mode: string) => entries.filter((entry) => entry.mode === mode).map((entry) => entry.path);
  return { links: pathsOf('120000'), submodules: pathsOf('160000') };
}

/** A few small objects can describe endless trees: the listing ends when it grows out of bounds. */
async function listTree(commit: string, call: GitCall): Promise<Entry[]> {
  const result = await git(['ls-tree', '-r', '-l', '-z', '--full-tree', commit], call).catch((error: unknown) => {
    if (error instanceof UserError && error.code === 'git_output_too_large') throw sourceTooLarge('too many files');
    throw error;
  });
  if (result.exitCode !== 0) throw localFailure(result);
  return result.stdout.split('\0').filter(Boolean).map(parseEntry);
}

/** `<mode> <type> <object> <bytes>\t<path>`, with `-` for the bytes of a submodule. */
function parseEntry(line: string): Entry {
  const tab = line.indexOf('\t');
  const [mode = '', , , bytes = ''] = line.slice(0, tab).split(/ +/);
  return { mode, bytes: Number.parseInt(bytes, 10) || 0, path: line.slice(tab + 1) };
}
