import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { maskSecrets, messageOf, UserError, WorldError } from '@pierhead/model';
import { openContext } from './build-context.js';
import { buildFailure } from './build-failure.js';
import { BuildOutput, type OnOutput } from './build-output.js';
import type { BuildSession } from './build-session.js';
import { decodeStatus } from './build-status.js';
import { callEngine, openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { type Dockerfile, readDockerfile } from './dockerfile.js';
import { engineError, engineGone, engineMessage, statusOf } from './engine-error.js';
import { followJson } from './follow-json.js';
import { inspectImage } from './images.js';
import { managedLabel } from './labels.js';
import { missingSecrets } from './secret-mounts.js';

export interface BuildOptions {
  /** The source's folder; everything that the build reads resolves inside it. */
  source: string;
  /** The context folder, relative to the source. */
  context: string;
  /** The Dockerfile, relative to the source. */
  dockerfile: string;
  buildArgs?: Record<string, string>;
  /** For `RUN --mount=type=secret,id=…`: they reach those steps alone, and stars stand for them in the output. */
  secrets?: Readonly<Record<string, string>>;
  target?: string;
  /** Such as `linux/arm64`. */
  platform?: string;
  /** Images whose layers may be reused. */
  cacheFrom?: readonly string[];
  /** Extra labels of the image; what changes from build to build does not belong here. */
  labels?: Record<string, string>;
  signal: AbortSignal;
  onOutput: OnOutput;
}

export interface BuiltImage {
  /** The image's id: `sha256:…`. */
  digest: string;
  bytes: number;
}

const stopLimitMs = 10_000;
const maxArgBytes = 262_144;
const maxSecretBytes = 65_536;
const buildKit = 2;

/**
 * Builds an image with BuildKit, the output live. Throws UserError with the line of the Dockerfile that failed, and
 * WorldError `docker_unavailable` when the engine goes away. After an abort it returns once the build has stopped.
 */
export async function buildImage(engine: Engine, options: BuildOptions): Promise<BuiltImage> {
  refuseBadArgs(options.buildArgs ?? {});
  refuseLargeSecrets(options.secrets ?? {});
  const dockerfile = await readDockerfile(options.source, options.dockerfile);
  const notices = [dockerfile.notice ?? [], missingSecrets(dockerfile, options.secrets ?? {})].flat();
  if (notices.length > 0) options.onOutput(notices.join('\n'), 'system');
  const digest = await runBuild(engine, options, dockerfile);
  return { digest, bytes: await keep(engine, digest, options.signal) };
}

function refuseBadArgs(args: Record<string, string>): void {
  if (Object.keys(args).some((name) => name.toUpperCase() === 'BUILDKIT_SYNTAX')) {
    throw new UserError('dockerfile_syntax_directive', 'The build argument BUILDKIT_SYNTAX is not allowed', {
      hint: 'Remove it; the engine reads Dockerfiles by itself.',
    });
  }
  if (Buffer.byteLength(JSON.stringify(args)) <= maxArgBytes) return;
  throw new UserError('build_args_too_large', 'The build arguments are larger than 256 KiB together', {
    hint: 'Put large values into files of the source.',
  });
}

function refuseLargeSecrets(secrets: Readonly<Record<string, string>>): void {
  if (Buffer.byteLength(Object.values(secrets).join('')) <= maxSecretBytes) return;
  throw new UserError('build_secrets_too_large', 'The build secrets are larger than 64 KiB together', {
    hint: 'Keep to tokens and keys; fetch anything larger with one of them.',
  });
}

/** A build without secrets needs none. */
async function sessionOf(engine: Engine, { secrets = {}, signal }: BuildOptions): Promise<BuildSession | null> {
  if (Object.keys(secrets).length === 0) return null;
  const { openSession } = await import('./build-session.js');
  return openSession(engine, secrets, signal);
}

async function runBuild(engine: Engine, options: BuildOptions, dockerfile: Dockerfile): Promise<string> {
  const { signal } = options;
  const context = await openContext(options.source, options.context, dockerfile);
  const buildId = randomUUID();
  const closed = new AbortController();
  let unread: Error | null = null;
  context.tar.on('error', (error) => {
    unread ??= error;
  });
  const stop = () => {
    context.tar.destroy(new Error('The build was stopped'));
    cancelBuild(engine, buildId, closed);
  };
  signal.addEventListener('abort', stop, { once: true });
  let session: BuildSession | null = null;
  try {
    signal.throwIfAborted();
    session = await sessionOf(engine, options);
    const query = { ...buildQuery(options, context.dockerfile, buildId), ...(session && { session: session.id }) };
    const stream = await openStream(engine, {
      method: 'POST',
      path: '/build',
      query,
      file: context.tar,
      signal: closed.signal,
    });
    return await followBuild(stream, options, dockerfile);
  } catch (error) {
    signal.throwIfAborted();
    throw unread ? contextUnread(unread) : refused(error, dockerfile);
  } finally {
    signal.removeEventListener('abort', stop);
    context.tar.destroy();
    session?.close();
  }
}

function buildQuery(options: BuildOptions, dockerfile: string, buildid: string) {
  const { buildArgs = {}, target, platform, cacheFrom = [], labels } = options;
  return {
    version: buildKit,
    buildid,
    dockerfile,
    buildargs: JSON.stringify(buildArgs),
    labels: JSON.stringify({ ...labels, [managedLabel]: 'true' }),
    cachefrom: JSON.stringify(cacheFrom),
    ...(target ? { target } : {}),
    ...(platform ? { platform } : {}),
  };
}

async function followBuild(
  stream: Readable,
  { onOutput, secrets = {} }: BuildOptions,
  dockerfile: Dockerfile,
): Promise<string> {
  const hidden = maskSecrets(Object.values(secrets));
  const output = new BuildOutput(onOutput, hidden);
  let digest: string | undefined;
  for await (const event of followJson(stream)) {
    if (event.id === 'moby.buildkit.trace') output.write(decodeStatus(String(event.aux ?? '')));
    if (event.id === 'moby.image.id') digest = (event.aux as { ID?: string }).ID;
    const failure = event.errorDetail?.message ?? event.error;
    if (failure) throw buildFailure(hidden.mask(failure), output, dockerfile);
  }
  if (!digest) throw engineGone('The build ended without a result');
  output.end();
  return digest;
}

/** Asks the engine to stop; its answer ends once nothing of the build runs. A silent engine is hung up on. */
function cancelBuild(engine: Engine, buildId: string, closed: AbortController): void {
  const hangUp = () => closed.abort();
  setTimeout(hangUp, stopLimitMs).unref();
  const query = { id: buildId };
  callEngine(engine, { method: 'POST', path: '/build/cancel', query, signal: closed.signal }).catch(hangUp);
}

const contextUnread = (error: Error) =>
  error instanceof UserError
    ? error
    : new WorldError('context_unreadable', `The build context cannot be read: ${messageOf(error)}`, { cause: error });

/** Some engines refuse a Dockerfile before the build's output begins. */
function refused(error: unknown, dockerfile: Dockerfile): Error {
  const status = statusOf(error);
  if (status !== null && status < 500)
    return buildFailure(engineMessage(error), { failed: null, cannotExecute: false }, dockerfile);
  return engineError(error);
}

/** Names the image, so that clearing nameless images does not take it; answers its size in bytes. */
async function keep(engine: Engine, digest: string, signal: AbortSignal): Promise<number> {
  const query = { repo: 'pierhead/build', tag: digest.replace(/^sha256:/, '').slice(0, 40) };
  const [found] = await Promise.all([
    inspectImage(engine, digest, signal),
    callEngine(engine, { method: 'POST', path: `/images/${digest}/tag`, query, signal }),
  ]);
  if (!found) throw engineGone('The engine lost the image that it built');
  return found.bytes;
}
