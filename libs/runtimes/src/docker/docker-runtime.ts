import {
  connectEngine,
  containerLogs,
  containerStarts,
  createContainer,
  type Engine,
  engineUnavailable,
  identityLabels,
  inspectContainer,
  inspectImage,
  type ListedContainer,
  listContainers,
  ownLabels,
  removeContainer,
  startContainer,
  statusOf,
} from '@pierhead/docker';
import {
  type Artifact,
  type CallContext,
  type CommandSpec,
  type Health,
  type Identity,
  type Instance,
  type OutputLine,
  type OutputOptions,
  type RunSpec,
  type Runtime,
  type Upstream,
  UserError,
} from '@pierhead/model';
import { checkRunning, ended } from './app-state.js';
import { checkInside } from './check-inside.js';
import {
  type ContainerPlan,
  nameLabel,
  planContainers,
  portLabel,
  portOf,
  replicaLabel,
  replicasLabel,
} from './container-plan.js';
import { diagnose } from './diagnose.js';
import { type DockerConfig, defaultStatuses } from './docker-config.js';
import { lookAt } from './look-at.js';
import { mergeLines } from './merge-lines.js';
import { endCommand, listCommands, runCommand } from './run-command.js';
import { startFailure } from './start-failure.js';

const stopGraceSeconds = 10;

class DockerRuntime implements Runtime<DockerConfig> {
  /** Starts every replica at once. What an interrupted start left behind is replaced. */
  async start(artifact: Artifact, spec: RunSpec<DockerConfig>, context: CallContext): Promise<Instance> {
    if (artifact.kind !== 'image') throw new UserError('artifact_not_accepted', 'Docker runs images only');
    const engine = connectEngine(context.host.dockerHost);
    const { graceSeconds, holdSeconds = 0, imageCheck = true, intervalSeconds } = spec.config.healthCheck;
    const image =
      imageCheck || spec.config.port === undefined ? await inspectImage(engine, artifact.digest, context.signal) : null;
    const port = portOf(spec, image);
    const plans = planContainers(artifact.digest, spec, port, context.host);
    const check = imageCheck ? image?.healthCheck : null;
    const patience = { graceSeconds, holdSeconds, intervalSeconds, ...(check ? { check } : {}) };
    try {
      return { ...(await startAll(engine, plans, port, context)), ...patience };
    } catch (error) {
      if (statusOf(error) !== 409) throw startFailure(error);
      // Whoever has been stopped meanwhile must not stop what its successor started.
      context.signal.throwIfAborted();
      await this.stop(spec, context);
      return { ...(await startAll(engine, plans, port, context)), ...patience };
    }
  }

  async probe(instance: Instance, spec: RunSpec<DockerConfig>, context: CallContext): Promise<Health> {
    const { path, statuses = defaultStatuses, timeoutSeconds } = spec.config.healthCheck;
    const look = { path: path || undefined, statuses, timeoutMs: timeoutSeconds * 1_000 };
    const engine = connectEngine(context.host.dockerHost);
    const [found, state] = await Promise.all([
      Promise.all(instance.upstreams.map((each) => lookAt(each, look, context.signal))),
      checkRunning(engine, instance, context),
    ]);
    context.signal.throwIfAborted();
    const wrong =
      state.wrong ?? found.find((each) => each !== null) ?? (await this.#checkInside(instance, spec, context));
    return wrong ? { healthy: false, reason: wrong } : { healthy: true, restarts: state.restarts };
  }

  /** What is wrong by the image's own HEALTHCHECK; null where it has none, too. */
  async #checkInside({ ids, check }: Instance, spec: RunSpec<DockerConfig>, context: CallContext) {
    if (!check) return null;
    const engine = connectEngine(context.host.dockerHost);
    const timeoutMs = spec.config.healthCheck.timeoutSeconds * 1_000;
    const found = await Promise.all(ids.map((id) => checkInside(engine, id, check, timeoutMs, context.signal)));
    return found.find((each) => each !== null) ?? null;
  }

  diagnose(instance: Instance, reason: string, context: CallContext) {
    return diagnose(connectEngine(context.host.dockerHost), instance, reason, context);
  }

  async has(artifact: Artifact, context: CallContext): Promise<boolean> {
    const engine = connectEngine(context.host.dockerHost);
    return (await inspectImage(engine, artifact.digest, context.signal)) !== null;
  }

  /** Null also when a start was cut short: what it left is replaced by the next start. */
  async adopt(identity: Identity, context: CallContext): Promise<Instance | null> {
    const found = await containersOf(identity, context);
    const wanted = Number(found[0]?.labels[replicasLabel] ?? 1);
    if (found.length < wanted || found.some((each) => each.state === 'created')) return null;
    const upstreams = found.flatMap((each) => upstreamOf(each, context.host.dockerNetwork) ?? []);
    return { ids: found.map((each) => each.id), upstreams };
  }

  async stop(identity: Identity, context: CallContext): Promise<void> {
    const engine = connectEngine(context.host.dockerHost);
    const found = await containersOf(identity, context);
    await Promise.all(found.map((each) => removeContainer(engine, each.id, stopGraceSeconds, context.signal)));
  }

  async list({ host, signal }: CallContext): Promise<Identity[]> {
    const found = await listContainers(connectEngine(host.dockerHost), ownLabels(host.installation), signal);
    const identities = found.flatMap((each) => identityOf(each) ?? []);
    return [...new Map(identities.map((each) => [each.deploymentId, each])).values()];
  }

  async *watch({ host, signal }: CallContext): AsyncGenerator<Identity> {
    const engine = connectEngine(host.dockerHost);
    for await (const labels of containerStarts(engine, ownLabels(host.installation), signal)) {
      const identity = identityOf({ labels });
      if (identity) yield identity;
    }
  }

  async *logs(identity: Identity, options: OutputOptions, context: CallContext): AsyncGenerator<OutputLine> {
    const engine = connectEngine(context.host.dockerHost);
    const found = await containersOf(identity, context);
    const sources = found.map((each) => containerLogs(engine, each.id, { ...options, signal: context.signal }));
    yield* mergeLines(sources, options.follow);
  }

  run(artifact: Artifact, command: CommandSpec, spec: RunSpec<DockerConfig>, context: CallContext) {
    return runCommand(artifact, command, spec, context);
  }

  runs(context: CallContext) {
    return listCommands(context);
  }

  endRun(commandId: string, context: CallContext) {
    return endCommand(commandId, context);
  }

  unavailable(context: Pick<CallContext, 'host' | 'signal'>) {
    return engineUnavailable(context.host.dockerHost, context.signal);
  }
}

/**
 * All or nothing: a creation is not aborted, for its id would be lost; when one replica fails, those that started are removed before the
 * failure is thrown.
 */
async function startAll(engine: Engine, plans: ContainerPlan[], port: number, context: CallContext): Promise<Instance> {
  const ids: string[] = [];
  const starts = plans.map(async ({ name, settings }) => {
    const id = await createContainer(engine, name, settings);
    ids.push(id);
    await startContainer(engine, id, context.signal);
    return { id, host: await addressOf(engine, id, context) };
  });
  const results = await Promise.allSettled(starts);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await Promise.all(ids.map((id) => removeContainer(engine, id, 0).catch(() => {})));
    context.signal.throwIfAborted();
    throw failed.reason;
  }
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return {
    ids: started.map((each) => each.id),
    upstreams: started.map(({ host }) => ({ kind: 'http', host, port })),
  };
}

async function addressOf(engine: Engine, id: string, context: CallContext): Promise<string> {
  const state = await inspectContainer(engine, id, context.signal);
  const address = state?.addresses[context.host.dockerNetwork];
  if (address) return address;
  if (state && !state.running) throw await ended(engine, state, context.signal);
  throw new UserError(
    'app_has_no_address',
    `The container got no address on the network ${context.host.dockerNetwork}`,
  );
}

async function containersOf(identity: Identity, context: CallContext): Promise<ListedContainer[]> {
  const engine = connectEngine(context.host.dockerHost);
  const found = await listContainers(engine, identityLabels(identity), context.signal);
  return found.toSorted((a, b) => Number(a.labels[replicaLabel]) - Number(b.labels[replicaLabel]));
}

/** Null for a container that somebody made of an image of ours: it inherits the image's labels, and no more. */
function identityOf({ labels }: Pick<ListedContainer, 'labels'>): Identity | null {
  const {
    'pierhead.service': serviceId,
    'pierhead.environment': environment,
    'pierhead.deployment': deploymentId,
  } = labels;
  if (!serviceId || !environment || !deploymentId) return null;
  return { serviceId, environment, deploymentId, serviceName: labels[nameLabel] ?? '' };
}

function upstreamOf(container: ListedContainer, network: string): Upstream | null {
  const host = container.addresses[network];
  return host ? { kind: 'http', host, port: Number(container.labels[portLabel]) } : null;
}

export const createDockerRuntime = () => new DockerRuntime();
