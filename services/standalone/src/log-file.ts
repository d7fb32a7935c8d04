import { openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const maxBytes = 10_000_000;

/** Opens `<dir>/<name>.log` for appending; a large one is set aside first, replacing the one before it. */
export function openLogFile(dir: string, name: string): number {
  const path = logPath(dir, name);
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > maxBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

export const logPath = (dir: string, name: string) => join(dir, `${name}.log`);
