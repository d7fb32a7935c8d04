import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '@pierhead/model';

export interface FolderLock {
  /** Whether its last owner died without letting go. */
  wasLeft: boolean;
  release(): Promise<void>;
}

const attempts = 5;

/** Makes this process the only owner of a data folder. Throws `data_dir_in_use`. */
export async function lockFolder(file: string): Promise<FolderLock> {
  const mine = await identityOf(process.pid);
  for (let attempt = 0, wasLeft = false; attempt < attempts; attempt += 1) {
    if (await claim(file, mine)) return { wasLeft, release: () => release(file, mine) };
    const owner = await readFile(file, 'utf8').catch(() => null);
    if (owner === null) continue;
    const pid = Number.parseInt(owner, 10);
    if (owner === (await identityOf(pid))) throw inUse(file, pid);
    wasLeft = true;
    await rm(file, { force: true });
    // Another start may have seen the same dead owner: whoever claims next must not be removed in its turn.
    await delay(Math.random() * 50);
  }
  throw inUse(file, null);
}

/** The process that holds a lock, or null. */
export async function ownerOf(file: string): Promise<number | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return Number.parseInt(text, 10) || null;
}

/** By a link, so that the file never exists without its content. */
async function claim(file: string, mine: string): Promise<boolean> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, mine, { mode: 0o600 });
  const claimed = await link(draft, file).then(
    () => true,
    () => false,
  );
  await rm(draft, { force: true });
  return claimed;
}

async function release(file: string, mine: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => null)) === mine) await rm(file, { force: true });
}

/** The number of a living process and, where it can be told, its start: numbers are used again after a reboot. */
async function identityOf(pid: number): Promise<string> {
  if (!(pid > 0) || !isAlive(pid)) return '';
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${pid} ${startTime}\n`;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const inUse = (file: string, pid: number | null) =>
  new UserError(
    'data_dir_in_use',
    `Another Pierhead${pid ? ` (process ${pid})` : ''} is running on this data folder: it holds ${file}.`,
    { hint: 'Stop it, or choose another folder with PIERHEAD_DATA_DIR.' },
  );
