import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Why a program cannot be used here, or false: what `skip` wants. */
export function missingProgram(name: string): string | false {
  const found = (process.env.PATH ?? '').split(delimiter).some((dir) => isExecutable(join(dir, name)));
  return found ? false : `${name} is not installed`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
