import { connectEngine, engineFolders, engineUnavailable, inspectImage, pullImage } from '@pierhead/docker';
import { type Artifact, type Builder, type CallContext, type Source, UserError } from '@pierhead/model';

/** Makes sure that a pinned image is in the engine. */
class ImageBuilder implements Builder {
  async build(source: Source, _config: unknown, context: CallContext): Promise<Artifact> {
    if (source.kind !== 'image') throw wrongSource(source.kind);
    const engine = connectEngine(context.host.dockerHost);
    const present = await inspectImage(engine, source.reference, context.signal);
    if (present) return { kind: 'image', digest: present.id, bytes: present.bytes };
    context.log(`Pulling ${source.reference}`, 'system');
    const onOutput = context.log.bind(context);
    const pulled = await pullImage(engine, source.reference, { signal: context.signal, onOutput });
    return { kind: 'image', digest: pulled.imageId, bytes: pulled.bytes };
  }

  fills({ host, signal }: Pick<CallContext, 'host' | 'signal'>) {
    return engineFolders(host.dockerHost, signal);
  }

  unavailable(context: Pick<CallContext, 'host' | 'signal'>) {
    return engineUnavailable(context.host.dockerHost, context.signal);
  }
}

const wrongSource = (kind: string) =>
  new UserError('source_kind_not_accepted', `A ready-made image is needed here, not a source of kind ${kind}`);

export const createImageBuilder = () => new ImageBuilder();
