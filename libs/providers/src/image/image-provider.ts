import {
  connectEngine,
  type Engine,
  engineUnavailable,
  inspectImage,
  isImageId,
  parseReference,
  pinImage,
  sameRepository,
} from '@pierhead/docker';
import { checkUrl } from '@pierhead/egress';
import {
  type CallContext,
  type Problem,
  type Provider,
  type Revision,
  type Source,
  UserError,
  type Want,
} from '@pierhead/model';
import type { ImageConfig } from './image-config.js';

class ImageProvider implements Provider<ImageConfig> {
  /** A registry or an engine that does not answer says nothing about the config. */
  async validateConfig(config: ImageConfig, context: CallContext): Promise<Problem[]> {
    try {
      await this.resolveRevision(config, {}, context);
      return [];
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof UserError)) return [];
      return [{ path: '/image', code: error.code, message: error.message }];
    }
  }

  async resolveRevision(config: ImageConfig, want: Want, context: CallContext): Promise<Revision> {
    const engine = connectEngine(context.host.dockerHost);
    const reference = await wantedReference(engine, config, want, context.signal);
    if (!isImageId(reference)) await checkRegistry(reference, context);
    const onOutput = context.log.bind(context);
    const id = await pinImage(engine, reference, { signal: context.signal, onOutput });
    return { id, ref: want.ref ?? config.image };
  }

  /** Nothing is fetched yet: the builder pulls what is pinned here. */
  async fetchSource(
    revision: Revision,
    _config: ImageConfig,
    _workspace: string,
    context: CallContext,
  ): Promise<Source> {
    context.signal.throwIfAborted();
    if (!isImageId(revision.id) && !parseReference(revision.id).digest) throw notPinned(revision.id);
    return { kind: 'image', reference: revision.id };
  }

  unavailable(context: Pick<CallContext, 'host' | 'signal'>) {
    return engineUnavailable(context.host.dockerHost, context.signal);
  }
}

/** What to look for: the config's image, another tag of it, or one digest of it. */
async function wantedReference(engine: Engine, config: ImageConfig, want: Want, signal: AbortSignal): Promise<string> {
  const { name } = parseReference(config.image);
  if (want.revision === undefined) return want.ref === undefined ? config.image : `${name}:${want.ref}`;
  if (isImageId(want.revision)) return wantedDigest(engine, name, want.revision, signal);
  const pinned = parseReference(want.revision);
  if (pinned.digest && sameRepository(pinned.name, name)) return `${name}@${pinned.digest}`;
  throw notPinned(want.revision);
}

/** A bare digest is the id of a local image only where that image carries the service's own name. */
async function wantedDigest(engine: Engine, name: string, digest: string, signal: AbortSignal): Promise<string> {
  const local = await inspectImage(engine, digest, signal);
  const own = local?.tags.some((tag) => sameRepository(parseReference(tag).name, name)) ?? false;
  return own ? digest : `${name}@${digest}`;
}

/** The engine, not this process, will connect; what it may be pointed at is decided here. */
async function checkRegistry(reference: string, context: CallContext): Promise<void> {
  const { registry } = parseReference(reference);
  if (registry) await checkUrl(`https://${registry}/`, { allow: context.host.egressAllow });
}

const notPinned = (revision: string) =>
  new UserError(
    'revision_invalid',
    `${JSON.stringify(revision.slice(0, 200))} is not a digest of the service's image`,
    {
      hint: 'Give a digest such as sha256:…, or a tag as the ref.',
    },
  );

export const createImageProvider = () => new ImageProvider();
