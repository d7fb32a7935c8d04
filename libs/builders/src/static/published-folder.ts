import { readdir, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { UserError } from '@pierhead/model';
import type { StaticConfig } from './static-config.js';

const defaultErrorPage = '404.html';

/** The folder to publish, which must lie inside the source whatever links lead to it. */
export async function findPublished(source: string, folder: string): Promise<string> {
  const root = await realpath(source);
  const found = await inside(root, folder);
  if (found && (await stat(found)).isDirectory()) return found;
  throw new UserError('publish_folder_not_found', `The source has no folder ${JSON.stringify(folder)}.`, {
    hint: `Set the publish folder to one that exists. At its top the source has: ${await listing(root)}.`,
    problems: [{ path: '/publishFolder', code: 'publish_folder_not_found', message: 'There is no such folder.' }],
  });
}

/** Checks every file that the config names; answers the error page to use, or null. */
export async function checkNamedFiles(root: string, config: StaticConfig): Promise<string | null> {
  const { index = 'index.html', errorPage, fallback } = config;
  await requireFile(root, index, 'index');
  if (fallback) await requireFile(root, fallback, 'fallback');
  if (errorPage) await requireFile(root, errorPage, 'errorPage');
  if (errorPage) return errorPage;
  return (await isFile(root, defaultErrorPage)) ? defaultErrorPage : null;
}

/** A repository's history is nothing to publish. */
export async function dropGit(root: string): Promise<void> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.name.toLowerCase() === '.git') await rm(path, { recursive: true, force: true });
    else if (entry.isDirectory()) await dropGit(path);
  }
}

const titles = { index: 'index file', fallback: 'fallback', errorPage: 'error page' };

async function requireFile(root: string, path: string, field: keyof typeof titles): Promise<void> {
  if (await isFile(root, path)) return;
  const message = `The published folder has no ${titles[field]} ${JSON.stringify(path)}.`;
  throw new UserError(`${field === 'errorPage' ? 'error_page' : field}_not_found`, message, {
    hint: `At its top it has: ${await listing(root)}. ${await suggestion(root, path)}`.trim(),
    problems: [{ path: `/${field}`, code: 'file_not_found', message }],
  });
}

async function isFile(root: string, path: string): Promise<boolean> {
  const found = await inside(root, path);
  return found !== null && (await stat(found)).isFile();
}

async function inside(root: string, path: string): Promise<string | null> {
  const found = await realpath(join(root, path)).catch(() => null);
  return found !== null && (found === root || found.startsWith(root + sep)) ? found : null;
}

async function suggestion(root: string, path: string): Promise<string> {
  for (const folder of ['dist', 'build', 'public', 'out', '_site', 'site', 'www', 'docs'])
    if (await isFile(root, `${folder}/${path}`)) return `It lies in ${folder}: publish that folder.`;
  return '';
}

async function listing(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  const more = names.length > 10 ? `, and ${names.length - 10} more` : '';
  return names.length === 0 ? 'nothing' : names.slice(0, 10).join(', ') + more;
}
