import { UserError, WorldError } from '@pierhead/model';

const absent = /not found|manifest unknown|access denied|unauthorized|no matching manifest|does not exist|invalid/i;
const unreachable = /no such host|dial tcp|i\/o timeout/i;

/** What it means that an image registry does not hand out an image. */
export function pullFailure(reference: string, message: string): UserError | WorldError {
  if (/no space left on device/.test(message)) {
    return new WorldError('disk_full', `The engine has no space left for ${reference}`, { hint: 'Free disk space.' });
  }
  if (absent.test(message) && !unreachable.test(message)) return imageNotFound(reference, message);
  return new WorldError(
    'image_registry_unreachable',
    `The image registry of ${reference} does not answer: ${message}`,
    {
      hint: 'Check the name of the image, and that the engine can reach its image registry.',
    },
  );
}

export const imageNotFound = (reference: string, reason: string) =>
  new UserError('image_not_found', `The image ${reference} cannot be had: ${reason}`, {
    hint: 'Check the name and the tag of the image, and that it is public.',
  });
