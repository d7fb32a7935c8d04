import {
  baseImageIds,
  buildImage,
  capsMissing,
  connectEngine,
  engineFolders,
  engineUnavailable,
  holdCaps,
  listImages,
  ownLabels,
  removeImage,
} from '@pierhead/docker';
import {
  type Artifact,
  type ArtifactName,
  type Builder,
  type CallContext,
  type Source,
  UserError,
} from '@pierhead/model';
import type { DockerfileConfig } from './dockerfile-config.js';

/** Builds a tree's Dockerfile; nothing about the deployment reaches the build, so equal content gives equal layers. */
class DockerfileBuilder implements Builder<DockerfileConfig> {
  async build(source: Source, config: DockerfileConfig, context: CallContext): Promise<Artifact> {
    if (source.kind !== 'tree') throw wrongSource(source.kind);
    const { dockerfilePath, context: folder, buildArgs, secrets, target, platform, cacheFrom } = config;
    const { dockerHost, buildCaps, installation } = context.host;
    const held = buildCaps && (await holdCaps(dockerHost, buildCaps));
    const image = await buildImage(connectEngine(dockerHost), {
      source: source.path,
      context: folder,
      dockerfile: dockerfilePath,
      buildArgs,
      secrets,
      target,
      platform,
      cacheFrom,
      labels: ownLabels(installation),
      signal: context.signal,
      onOutput: (text, stream) => context.log(text, stream),
    }).finally(held?.release);
    return { kind: 'image', ...image };
  }

  async inputs(source: Source, config: DockerfileConfig, { host, signal }: CallContext): Promise<string[] | null> {
    if (source.kind !== 'tree') throw wrongSource(source.kind);
    const { dockerfilePath: dockerfile, buildArgs, platform } = config;
    const build = { source: source.path, dockerfile, buildArgs, platform, signal };
    return baseImageIds(connectEngine(host.dockerHost), build);
  }

  async discard({ digest }: ArtifactName, { host, signal }: CallContext): Promise<void> {
    await removeImage(connectEngine(host.dockerHost), digest, host.installation, signal);
  }

  list(except: readonly string[], { host, signal }: CallContext) {
    return listImages(connectEngine(host.dockerHost), host.installation, except, signal);
  }

  fills({ host, signal }: Pick<CallContext, 'host' | 'signal'>) {
    return engineFolders(host.dockerHost, signal);
  }

  async notices({ host, signal }: Pick<CallContext, 'host' | 'signal'>): Promise<string[]> {
    const reason = host.buildCaps && (await capsMissing(host.dockerHost, host.buildCaps, signal));
    return reason ? [`Builds are not held to PIERHEAD_BUILD_MEMORY and PIERHEAD_BUILD_CPUS here: ${reason}`] : [];
  }

  unavailable(context: Pick<CallContext, 'host' | 'signal'>) {
    return engineUnavailable(context.host.dockerHost, context.signal);
  }
}

const wrongSource = (kind: string) =>
  new UserError(
    'source_kind_not_accepted',
    `A Dockerfile is built from source files, not from a source of kind ${kind}`,
  );

export const createDockerfileBuilder = () => new DockerfileBuilder();
