import { type LocalArtifact, UserError } from '@pierhead/model';
import type { ImageInfo, ImageInspectInfo } from 'dockerode';
import { callEngine } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';
import { ownLabels } from './labels.js';
import { isImageId, parseReference } from './reference.js';

/** What Pierhead needs to know of an image in the engine. */
export interface ImageFacts {
  id: string;
  bytes: number;
  /** The TCP ports that it exposes. */
  ports: number[];
  labels: Record<string, string>;
  /** `name@sha256:…` for each image registry that it came from; empty for one that was made here. */
  pinned: string[];
  tags: string[];
  /** The command of its HEALTHCHECK; null where it has none. */
  healthCheck: string[] | null;
  /** When it was last built or tagged, in milliseconds since 1970. */
  madeAt: number;
}

/** The image in the engine, by reference or id; null when it is not there. */
export async function inspectImage(
  engine: Engine,
  reference: string,
  signal?: AbortSignal,
): Promise<ImageFacts | null> {
  if (!isImageId(reference)) parseReference(reference);
  try {
    return factsOf(
      await callEngine<ImageInspectInfo>(engine, { method: 'GET', path: `/images/${reference}/json`, signal }),
    );
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** The images that an installation of Pierhead built, without those of some ids; the engine is asked for each. */
export async function listImages(
  engine: Engine,
  installation: string,
  except: readonly string[] = [],
  signal?: AbortSignal,
): Promise<LocalArtifact[]> {
  const filters = { label: Object.entries(ownLabels(installation)).map(([key, value]) => `${key}=${value}`) };
  const call = { method: 'GET', path: '/images/json', query: { filters }, signal } as const;
  const found: LocalArtifact[] = [];
  const untold = new Set(except);
  for (const { Id } of await callEngine<ImageInfo[]>(engine, call)) {
    if (untold.has(Id)) continue;
    const image = await inspectImage(engine, Id, signal);
    if (image) found.push({ digest: image.id, madeAt: image.madeAt });
  }
  return found;
}

/** Removes an image that an installation built. False when it is gone already, in use, or not the installation's. */
export async function removeImage(
  engine: Engine,
  digest: string,
  installation: string,
  signal?: AbortSignal,
): Promise<boolean> {
  if (!isImageId(digest)) throw new UserError('image_reference_invalid', `${digest} is not the id of an image`);
  const image = await inspectImage(engine, digest, signal);
  if (
    !image ||
    !carries(image, ownLabels(installation)) ||
    image.tags.some((tag) => !tag.startsWith('pierhead/build:'))
  )
    return false;
  try {
    await callEngine(engine, { method: 'DELETE', path: `/images/${image.tags[0] ?? digest}`, signal });
    return true;
  } catch (error) {
    if ([404, 409].includes(statusOf(error) ?? 0)) return false;
    throw error;
  }
}

const carries = ({ labels }: ImageFacts, wanted: Record<string, string>) =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/** The engine notes the last tag, which every build sets anew; `Created` stays that of the first of equal builds. */
const madeAtOf = ({ Created, Metadata }: ImageInspectInfo & { Metadata?: { LastTagTime?: string } }) =>
  Math.max(0, ...[Created, Metadata?.LastTagTime].map((time) => Date.parse(time ?? '') || 0));

function healthCheckOf({ Config }: ImageInspectInfo): string[] | null {
  const { Healthcheck, Shell } = (Config ?? {}) as { Healthcheck?: { Test?: string[] }; Shell?: string[] };
  const [kind, ...words] = Healthcheck?.Test ?? [];
  if (kind === 'CMD') return words;
  return kind === 'CMD-SHELL' ? [...(Shell ?? ['/bin/sh', '-c']), ...words] : null;
}

function factsOf(image: ImageInspectInfo): ImageFacts {
  const ports = Object.keys(image.Config?.ExposedPorts ?? {});
  return {
    id: image.Id,
    bytes: image.Size,
    ports: ports.filter((port) => port.endsWith('/tcp')).map((port) => Number.parseInt(port, 10)),
    labels: image.Config?.Labels ?? {},
    pinned: image.RepoDigests ?? [],
    tags: image.RepoTags ?? [],
    healthCheck: healthCheckOf(image),
    madeAt: madeAtOf(image),
  };
}
