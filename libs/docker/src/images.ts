import { UserError } from '@pierhead/model';
import type { ImageInspectInfo } from 'dockerode';
import { callEngine } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { statusOf } from './engine-error.js';
import { managedLabel } from './labels.js';
import { isImageId, parseReference } from './reference.js';

/** What Pierhead needs to know of an image in the engine. */
export interface ImageFacts {
  id: string;
  bytes: number;
  /** The TCP ports that it exposes. */
  ports: number[];
  managed: boolean;
  /** `name@sha256:…` for each image registry that it came from; empty for one that was made here. */
  pinned: string[];
  tags: string[];
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

/** Removes an image that Pierhead built. False when it is gone already, in use, or not Pierhead's. */
export async function removeImage(engine: Engine, digest: string, signal?: AbortSignal): Promise<boolean> {
  if (!isImageId(digest)) throw new UserError('image_reference_invalid', `${digest} is not the id of an image`);
  const image = await inspectImage(engine, digest, signal);
  if (!image?.managed || image.tags.some((tag) => !tag.startsWith('pierhead/build:'))) return false;
  try {
    await callEngine(engine, { method: 'DELETE', path: `/images/${image.tags[0] ?? digest}`, signal });
    return true;
  } catch (error) {
    if ([404, 409].includes(statusOf(error) ?? 0)) return false;
    throw error;
  }
}

function factsOf(image: ImageInspectInfo): ImageFacts {
  const ports = Object.keys(image.Config?.ExposedPorts ?? {});
  return {
    id: image.Id,
    bytes: image.Size,
    ports: ports.filter((port) => port.endsWith('/tcp')).map((port) => Number.parseInt(port, 10)),
    managed: image.Config?.Labels?.[managedLabel] === 'true',
    pinned: image.RepoDigests ?? [],
    tags: image.RepoTags ?? [],
  };
}
