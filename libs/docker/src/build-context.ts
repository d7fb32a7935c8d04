import { stat } from 'node:fs/promises';
import { posix, relative } from 'node:path';
import { Readable } from 'node:stream';
import { UserError } from '@pierhead/model';
import { type Headers, type PackOptions, pack } from 'tar-fs';
import type { Dockerfile } from './dockerfile.js';
import { readIgnoreRules } from './ignore-rules.js';
import { resolveInside } from './resolve-inside.js';

export interface BuildContext {
  /** Starts to read the folder when it is read itself. */
  tar: Readable;
  /** Where the Dockerfile stands in the tar. */
  dockerfile: string;
}

/**
 * Streams a context folder as a tar, without what is ignored and with the Dockerfile as it was read.
 * What cannot be packed fails the stream: nothing catches an error that is thrown between two files.
 */
export async function openContext(source: string, context: string, dockerfile: Dockerfile): Promise<BuildContext> {
  const folder = await resolveInside(source, context);
  if (!folder || !(await stat(folder)).isDirectory()) throw noFolder(context);
  const ignores = await readIgnoreRules(source, context, dockerfile.path);
  const name = nameInside(context, dockerfile.path);
  let refusal: Error | null = null;
  const skip = (path: string) => {
    try {
      const inside = relative(folder, path);
      return refusal !== null || inside === name || (ignores?.(inside) ?? false);
    } catch (error) {
      refusal = error as Error;
      return true;
    }
  };
  const options: PackOptions & { umask: number } = {
    ignore: skip,
    umask: 0,
    strict: false,
    map: asRoot,
    finalize: false,
    finish: (open) => {
      if (refusal) return open.destroy(refusal);
      open.entry({ name, mode: 0o644 }, Buffer.from(dockerfile.text));
      open.finalize();
    },
  };
  const tar = pack(folder, options);
  return { tar: Readable.from(tar, { objectMode: false }), dockerfile: name };
}

/** A Dockerfile from outside the context gets a name of its own there, the same in every build. */
function nameInside(context: string, dockerfile: string): string {
  const inside = posix.relative(posix.normalize(context), posix.normalize(dockerfile));
  return inside.startsWith('..') ? '.pierhead.Dockerfile' : inside;
}

const asRoot = (header: Headers): Headers => Object.assign(header, { uid: 0, gid: 0 });

const noFolder = (context: string) =>
  new UserError('context_not_found', `There is no folder ${context} in the source`, {
    hint: 'Set the context folder to a folder of the source; `.` is its root.',
  });
