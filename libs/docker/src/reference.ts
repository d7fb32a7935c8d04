import { UserError } from '@pierhead/model';

/** An image reference, taken apart. */
export interface Reference {
  /** Without tag and digest, as written. */
  name: string;
  /** The image registry's host with its port; null for the engine's default one. */
  registry: string | null;
  tag: string | null;
  digest: string | null;
}

const host =
  '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?';
const part = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const name = `(?:${host}/)?${part}(?:/${part})*`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = 'sha256:[a-f0-9]{64}';

/** An id would name an image of someone else's as well. */
const notAnId = '(?!sha256:)';

/** The grammar of an image reference, for JSON Schema: `name`, `name:tag`, `name@sha256:…`, `name:tag@sha256:…`. */
export const imageReferencePattern = `^${notAnId}${name}(?::${tag})?(?:@${digest})?$`;
export const maxReferenceLength = 300;

const grammar = new RegExp(`^${notAnId}(${name})(?::(${tag}))?(?:@(${digest}))?$`);
const imageId = new RegExp(`^${digest}$`);

/** Whether `text` is the id of an image in the engine. */
export const isImageId = (text: string) => imageId.test(text);

/** Whether `text` is an image reference. */
export const isReference = (text: string) => text.length <= maxReferenceLength && grammar.test(text);

/** Throws UserError `image_reference_invalid` for anything else than an image reference. */
export function parseReference(text: string): Reference {
  const match = isReference(text) ? grammar.exec(text) : null;
  if (!match) {
    throw new UserError('image_reference_invalid', `${JSON.stringify(text.slice(0, 100))} is not an image reference`, {
      hint: 'Write it like nginx:1.29 or ghcr.io/owner/name:tag.',
    });
  }
  const [, name = '', tag = null, digest = null] = match;
  const first = name.includes('/') ? (name.split('/')[0] as string) : '';
  const isHost = /[.:]/.test(first) || first === 'localhost';
  return { name, registry: isHost ? first : null, tag, digest };
}

/** Whether two names mean the same repository; Docker Hub's may be left out. */
export const sameRepository = (one: string, other: string) => shortName(one) === shortName(other);

const shortName = (name: string) => name.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
