import type { Origin } from '@pierhead/database';
import type { Revision } from '@pierhead/model';
import type { Ingredients } from './ingredients.js';
import type { Run } from './run.js';

/** What a deployment knows of its artifact's origin whether it builds or reuses it. */
export type OwnOrigin = Pick<Origin, 'source' | 'dependencies'>;

/** `name@sha256:…`, as builders name what they take in. */
const named = /^([^\s@]+)@(sha256:[0-9a-f]{64})$/;
const pinned = /(sha256:[0-9a-f]{64})$/;

/** What of the ingredients goes on record: providers and builders wrote it, so the secrets of the service are masked. */
export function ownOrigin({ secrets }: Run, revision: Revision, { source, files, inputs }: Ingredients): OwnOrigin {
  const digest = source.kind === 'image' ? (pinned.exec(source.reference)?.[1] ?? null) : files;
  const dependencies = (inputs ?? []).flatMap((input) => {
    const [, name, digest] = named.exec(input) ?? [];
    return name && digest ? [{ name: secrets.mask(name), digest }] : [];
  });
  const url = revision.url === undefined ? null : secrets.mask(revision.url);
  return { source: { revision: secrets.mask(revision.id), url, digest }, dependencies };
}
