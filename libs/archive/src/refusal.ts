import { isAbort, UserError, WorldError } from '@pierhead/model';

const maxShown = 120;

/** A name as it may stand in a message: quoted, with control characters escaped, and not too long. */
const shown = (name: string) => JSON.stringify(name.length > maxShown ? `${name.slice(0, maxShown)}…` : name);

export const unsafe = (name: string, why: string) =>
  new UserError('archive_unsafe_entry', `The archive's entry ${shown(name)} ${why}.`, {
    hint: 'Pack regular files and folders only, with relative names, from inside the folder that you want to ship.',
  });

export const tooLarge = (why: string) =>
  new UserError('archive_too_large', `The archive ${why}.`, {
    hint: 'Leave out what the service does not need, such as dependencies and caches.',
  });

export const invalid = (why: string, cause?: unknown) =>
  new UserError('archive_invalid', `The archive cannot be read: ${why}.`, {
    hint: 'Pack it again as .tar, .tar.gz or .zip, and upload it whole.',
    cause,
  });

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

/** Sorts what a reader threw: the disk's failures are the world's, everything else is the archive's own fault. */
export function archiveError(error: unknown): unknown {
  if (error instanceof UserError || error instanceof WorldError || isAbort(error)) return error;
  if (isSystemError(error))
    return new WorldError('disk_failed', `The disk failed: ${error.message}.`, { cause: error });
  return invalid(error instanceof Error ? error.message : String(error), error);
}
