import {
  callEngine,
  commandLabels,
  commandOf,
  connectEngine,
  containerLogs,
  createContainer,
  type Engine,
  inspectContainer,
  inspectImage,
  listContainers,
  ownLabels,
  removeContainer,
  startContainer,
} from '@pierhead/docker';
import {
  type Artifact,
  type CallContext,
  type CommandSpec,
  type HostSettings,
  type RunSpec,
  UserError,
  WorldError,
} from '@pierhead/model';
import pRetry from 'p-retry';
import { type ContainerPlan, nameLabel, planContainers, portOf } from './container-plan.js';
import type { DockerConfig } from './docker-config.js';
import { ensureNetwork } from './service-network.js';
import { startFailure } from './start-failure.js';

const stopGraceSeconds = 10;
const removalLimitMs = 60_000;
/** An engine that is started again meanwhile is waited for. */
const patience = { retries: 30, minTimeout: 100, maxTimeout: 2_000 };

/**
 * Runs a command in a container of its own. Its output is read from the engine's log, which has it from the first line to
 * the last, whenever the reading begins.
 */
export async function runCommand(
  artifact: Artifact,
  command: CommandSpec,
  spec: RunSpec<DockerConfig>,
  context: CallContext,
): Promise<{ exitCode: number }> {
  if (artifact.kind !== 'image') throw new UserError('artifact_not_accepted', 'Docker runs images only');
  const engine = connectEngine(context.host.dockerHost);
  const image = spec.config.port === undefined ? await inspectImage(engine, artifact.digest, context.signal) : null;
  const network = await ensureNetwork(engine, spec, context);
  const { name, settings } = planCommand(artifact.digest, command, spec, portOf(spec, image), network, context.host);
  context.signal.throwIfAborted();
  // Not aborted, for its id would be lost.
  const id = await createContainer(engine, name, settings).catch(async (error) => {
    throw await notStarted(error, command, engine, artifact.digest);
  });
  try {
    await startContainer(engine, id, context.signal).catch(async (error) => {
      throw await notStarted(error, command, engine, artifact.digest);
    });
    const last = await tellOutput(engine, id, { follow: true }, context);
    const exitCode = await exitOf(engine, id, context);
    // An engine under load may end what follows a log before it has read to the log's end.
    await tellOutput(engine, id, { follow: false, since: last }, context);
    return { exitCode };
  } finally {
    await remove(engine, id);
    // What it was interrupted for counts more than how the engine's answer broke off.
    context.signal.throwIfAborted();
  }
}

/** Answers the `at` of the last line. */
async function tellOutput(
  engine: Engine,
  id: string,
  { follow, since }: { follow: boolean; since?: string | undefined },
  { log, signal }: CallContext,
): Promise<string | undefined> {
  let last = since;
  for await (const { at, stream, text } of containerLogs(engine, id, { follow, signal, ...(since ? { since } : {}) })) {
    log(text, stream);
    last = at;
  }
  return last;
}

/** What a replica gets, but for its command, its labels and that it is not started again. */
function planCommand(
  digest: string,
  { id, argv }: CommandSpec,
  spec: RunSpec<DockerConfig>,
  port: number,
  network: string,
  { installation }: Pick<HostSettings, 'installation'>,
): ContainerPlan {
  const [replica] = planContainers(digest, spec, port, [network], installation);
  const { settings } = replica!;
  const [program, ...words] = argv;
  return {
    name: `pierhead-${spec.serviceName}-run-${id.slice(-12)}`,
    settings: {
      ...settings,
      Entrypoint: [program],
      Cmd: words,
      Labels: { ...ownLabels(installation), ...commandLabels(id, spec), [nameLabel]: spec.serviceName },
      HostConfig: { ...(settings.HostConfig as object), RestartPolicy: { Name: 'no' } },
    },
  };
}

export async function listCommands({ host, signal }: CallContext): Promise<string[]> {
  const found = await listContainers(connectEngine(host.dockerHost), ownLabels(host.installation), signal);
  return found.flatMap(({ labels }) => commandOf(labels) ?? []);
}

export async function endCommand(commandId: string, { host, signal }: CallContext): Promise<void> {
  const engine = connectEngine(host.dockerHost);
  const found = await listContainers(engine, ownLabels(host.installation), signal);
  const own = found.filter(({ labels }) => commandOf(labels) === commandId);
  await Promise.all(own.map((each) => removeContainer(engine, each.id, stopGraceSeconds, signal)));
}

async function exitOf(engine: Engine, id: string, { log, signal }: CallContext): Promise<number> {
  signal.throwIfAborted();
  const call = { method: 'POST', path: `/containers/${id}/wait`, signal } as const;
  const { StatusCode } = await callEngine<{ StatusCode: number }>(engine, call);
  const state = await inspectContainer(engine, id, signal);
  if (!state)
    throw new WorldError('command_interrupted', 'The container of the command was removed from outside.', {
      hint: 'See who removes containers on this machine, then run it again.',
    });
  if (state.outOfMemory) log('The command used more memory than the service may (resources.memoryBytes).', 'system');
  return StatusCode;
}

/** Throws unless nothing is left of it. */
async function remove(engine: Engine, id: string): Promise<void> {
  const signal = AbortSignal.timeout(removalLimitMs);
  const attempt = async () => {
    await removeContainer(engine, id, stopGraceSeconds, signal);
    if (await inspectContainer(engine, id, signal)) throw new Error('the container is there still');
  };
  await pRetry(attempt, { ...patience, signal }).catch((cause) => {
    throw stillThere(cause);
  });
}

const stillThere = (cause: unknown) =>
  new WorldError('command_not_stopped', 'The container of the command could not be removed.', {
    hint: 'Look at the Docker engine of the worker; what is left is removed once it answers.',
    cause,
  });

async function notStarted(
  error: unknown,
  { argv: [program] }: CommandSpec,
  engine: Engine,
  image: string,
): Promise<unknown> {
  const failure = await startFailure(error, engine, image);
  if (!(failure instanceof UserError) || failure.code !== 'command_not_executable') return failure;
  return new UserError(failure.code, `${JSON.stringify(program)} cannot be executed: ${failure.line ?? ''}`, {
    hint: 'Name a program that is in the image, with its path where PATH does not lead to it; a shell has to be named too.',
  });
}
