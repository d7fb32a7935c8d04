import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { variables } from '@pierhead/config';
import { messageOf, UserError } from '@pierhead/model';
import { type FolderLock, lockFolder } from './folder-lock.js';

/** What standalone keeps on disk. */
export interface DataFolder {
  path: string;
  logs: string;
  postgres: string;
  lockFile: string;
  adminTokenFile: string;
  /** Exists once the sample was deployed. */
  sampleMark: string;
  lock: FolderLock;
}

/** Makes the folder, private to its owner, and becomes its only user. Throws UserError. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const logs = join(path, 'logs');
  const lockFile = join(path, 'standalone.lock');
  await writable(path, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await mkdir(logs, { recursive: true, mode: 0o700 });
    await writeFile(join(logs, '.probe'), '');
    await rm(join(logs, '.probe'));
  });
  return {
    path,
    logs,
    postgres: join(path, 'postgres'),
    lockFile,
    adminTokenFile: join(path, 'admin-token'),
    sampleMark: join(path, 'sample-deployed'),
    lock: await lockFolder(lockFile),
  };
}

async function writable(path: string, attempt: () => Promise<void>): Promise<void> {
  await attempt().catch((cause) => {
    throw new UserError('data_dir_not_writable', `The data folder ${path} cannot be written: ${messageOf(cause)}.`, {
      hint: 'Give the user that runs Pierhead the folder, or choose another with PIERHEAD_DATA_DIR.',
      cause,
    });
  });
}

interface Keys {
  secretKey: string;
  oldSecretKeys: string[];
  adminToken: string;
  catalogToken: string;
}

/** The keys of this installation; what the configuration does not name is made on the first start. Throws UserError. */
export async function ensureKeys(folder: DataFolder, given: Partial<Keys>): Promise<Keys> {
  return {
    ...(await secretKeys(join(folder.path, 'secret-key'), given)),
    adminToken: given.adminToken ?? (await keep(folder.adminTokenFile, newToken)),
    // Nobody else uses it: each start has its own.
    catalogToken: given.catalogToken ?? newToken(),
  };
}

/** Of the lines of the file the first one seals, unless the configuration names a key; all the others are old ones. */
async function secretKeys(file: string, { secretKey: given, oldSecretKeys: old = [] }: Partial<Keys>) {
  const text = given ? await read(file) : await keep(file, () => randomBytes(32).toString('base64'));
  const [secretKey, ...others] = [...(given ? [given] : []), ...keysIn(text, file)];
  return { secretKey: secretKey!, oldSecretKeys: [...new Set([...old, ...others])].filter((key) => key !== secretKey) };
}

function keysIn(text: string, file: string): string[] {
  try {
    return variables.oldSecretKeys.parse(text);
  } catch (cause) {
    throw new UserError(
      'secret_key_unreadable',
      `The keys in ${file} cannot be read: ${messageOf(cause)} on each line.`,
      {
        hint: 'Put back what the file held, or make a new key with "openssl rand -base64 32".',
        cause,
      },
    );
  }
}

const newToken = () => randomBytes(32).toString('base64url');

/** A secret in a file that only its owner reads. A newline at its end, as editors add one, is no part of it. */
async function keep(file: string, make: () => string): Promise<string> {
  const kept = await read(file);
  if (kept.trim() !== '') return kept.trim();
  const made = make();
  await writeFile(`${file}.new`, `${made}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return made;
}

/** Empty where there is no such file. */
const read = (file: string) =>
  readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
