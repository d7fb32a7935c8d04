import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@pierhead/model';

const everyMs = 200;

/** A signal that fires with `signal`, or once the packs of the repository in `folder` outgrow `maxBytes`. */
export function watchSize(folder: string, maxBytes: number, signal: AbortSignal) {
  const tooLarge = new AbortController();
  const packs = join(folder, '.git', 'objects', 'pack');
  const look = async () => {
    if ((await bytesIn(packs)) > maxBytes) tooLarge.abort(sourceTooLarge(`more than ${maxBytes} bytes to fetch`));
  };
  const timer = setInterval(look, everyMs);
  return {
    signal: AbortSignal.any([signal, tooLarge.signal]),
    /** A last look, for what came faster than the watch; throws UserError `source_too_large`. */
    check: async () => {
      await look();
      tooLarge.signal.throwIfAborted();
    },
    release: () => clearInterval(timer),
  };
}

/** Files come and go while Git works; the ones that are gone count nothing. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export const sourceTooLarge = (what: string) =>
  new UserError('source_too_large', `The repository is too large: ${what}.`, {
    hint: 'Keep large files and generated ones out of the repository.',
  });
