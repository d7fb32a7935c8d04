import { WorldError } from '@pierhead/model';
import type { OnOutput } from './build-output.js';
import { callEngine, openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { engineMessage, statusOf } from './engine-error.js';
import { followJson } from './follow-json.js';
import { type ImageFacts, inspectImage } from './images.js';
import { imageNotFound, pullFailure } from './pull-failure.js';
import { isImageId, parseReference, type Reference, sameRepository } from './reference.js';

export interface PullOptions {
  /** Such as `linux/arm64`; the engine's own without it. */
  platform?: string;
  signal: AbortSignal;
  onOutput?: OnOutput;
}

export interface PulledImage {
  /** `name@sha256:…`, or the image's id where no image registry knows it. */
  reference: string;
  /** `sha256:…` */
  imageId: string;
  bytes: number;
}

/**
 * Pins a reference without pulling it: `name@sha256:…` as the image registry has it now, or the id of an image that
 * was made in this engine. Throws UserError `image_not_found`.
 */
export async function pinImage(engine: Engine, reference: string, options: PullOptions): Promise<string> {
  if (isImageId(reference)) return (await present(engine, reference, options.signal)).id;
  const wanted = parseReference(reference);
  if (wanted.digest) return `${wanted.name}@${wanted.digest}`;
  try {
    return `${wanted.name}@${await askRegistry(engine, `${wanted.name}:${wanted.tag ?? 'latest'}`, options.signal)}`;
  } catch (error) {
    return pinned(wanted, await localInstead(engine, reference, wanted, options, error)).reference;
  }
}

/** The digest behind a tag, asked through the engine. */
export async function askRegistry(engine: Engine, reference: string, signal: AbortSignal): Promise<string> {
  type Answer = { Descriptor: { digest: string } };
  try {
    const found = await callEngine<Answer>(engine, { method: 'GET', path: `/distribution/${reference}/json`, signal });
    return found.Descriptor.digest;
  } catch (error) {
    signal.throwIfAborted();
    throw statusOf(error) === null ? error : pullFailure(reference, engineMessage(error));
  }
}

/**
 * Brings an image into the engine and pins it. An image that is in the engine already serves when it was made there,
 * or when the image registry does not answer. Throws UserError `image_not_found`.
 */
export async function pullImage(engine: Engine, reference: string, options: PullOptions): Promise<PulledImage> {
  if (isImageId(reference)) return pinned(null, await present(engine, reference, options.signal));
  const wanted = parseReference(reference);
  const local = wanted.digest && (await inspectImage(engine, reference, options.signal));
  if (local) return pinned(wanted, local);
  try {
    await pull(engine, wanted, options);
  } catch (error) {
    return pinned(wanted, await localInstead(engine, reference, wanted, options, error));
  }
  return pinned(wanted, await present(engine, reference, options.signal));
}

/** The image that the engine has already, where it may stand in for one that cannot be pulled. */
async function localInstead(
  engine: Engine,
  reference: string,
  wanted: Reference,
  options: PullOptions,
  error: unknown,
): Promise<ImageFacts> {
  options.signal.throwIfAborted();
  const local = await inspectImage(engine, reference, options.signal);
  if (!local || !mayServe(local, wanted, error)) throw error;
  options.onOutput?.(`Using the ${reference} that is in the engine: ${engineMessage(error)}`, 'system');
  return local;
}

async function present(engine: Engine, reference: string, signal: AbortSignal): Promise<ImageFacts> {
  const image = await inspectImage(engine, reference, signal);
  if (!image) throw imageNotFound(reference, 'the engine does not have it');
  return image;
}

function pinned(wanted: Reference | null, image: ImageFacts): PulledImage {
  const digest = wanted && pinOf(image, wanted);
  return { reference: digest ?? image.id, imageId: image.id, bytes: image.bytes };
}

const pinOf = (image: ImageFacts, wanted: Reference) =>
  image.pinned.find((each) => sameRepository(each.split('@')[0] as string, wanted.name));

/** An image that was made here has no pin: its image registry need not know it. */
const mayServe = (local: ImageFacts, wanted: Reference, error: unknown) =>
  error instanceof WorldError ? error.code === 'image_registry_unreachable' : pinOf(local, wanted) === undefined;

async function pull(engine: Engine, wanted: Reference, options: PullOptions): Promise<void> {
  const { platform, signal, onOutput } = options;
  const query = { fromImage: wanted.name, tag: wanted.digest ?? wanted.tag ?? 'latest', ...(platform && { platform }) };
  const reference = wanted.digest ? `${wanted.name}@${wanted.digest}` : `${wanted.name}:${query.tag}`;
  try {
    const progress = await openStream(engine, { method: 'POST', path: '/images/create', query, signal });
    for await (const event of followJson(progress)) {
      const failure = event.errorDetail?.message ?? event.error;
      if (failure) throw pullFailure(reference, failure);
      if (event.status && !/^(Downloading|Extracting|Waiting|Verifying)/.test(event.status)) {
        onOutput?.(event.id ? `${event.id}: ${event.status}` : event.status, 'stdout');
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw statusOf(error) === null ? error : pullFailure(reference, engineMessage(error));
  }
}
