import {
  connectEngine,
  containerLogs,
  containerStarts,
  engineUnavailable,
  inspectImage,
  listContainers,
  ownLabels,
  removeContainer,
  removeVolumes,
  startContainer,
  stopContainer,
} from '@pierhead/docker';
import {
  type Artifact,
  type CallContext,
  type CommandSpec,
  type Health,
  type Identity,
  type Instance,
  type InstanceUsage,
  type Look,
  messageOf,
  type OutputLine,
  type OutputOptions,
  type RunSpec,
  type Runtime,
  UserError,
} from '@pierhead/model';
import { lookAt } from '@pierhead/probe';
import { checkRunning } from './app-state.js';
import { checkInside } from './check-inside.js';
import { exclusiveData, planContainers, portOf, replicasLabel } from './container-plan.js';
import { diagnose } from './diagnose.js';
import { type DockerConfig, defaultStatuses } from './docker-config.js';
import { containersOf, identitiesOf, identityOf, placeOf, upstreamOf } from './find-containers.js';
import { mergeLines } from './merge-lines.js';
import { endCommand, listCommands, runCommand } from './run-command.js';
import {
  inside,
  isSandbox,
  removeIdleSandboxes,
  removeSandbox,
  type Sandbox,
  sandboxOf,
  takeSandboxes,
} from './sandboxes.js';
import { followPeers, networkName, releaseNetwork, removeEmptyNetworks } from './service-network.js';
import { mayPass, startAgain, startAll } from './start-containers.js';
import { startFailure } from './start-failure.js';
import { usageOf } from './usage.js';

const stopGraceSeconds = 10;
const engineLimitMs = 10_000;
const enginePauseMs = 150;
/** More replicas than these get the rest of what they need at their start. */
const mostPrepared = 4;

class DockerRuntime implements Runtime<DockerConfig> {
  /** While an app is silent its engine is asked less often than the app: it has to work for it meanwhile. */
  #askEngineAt = 0;
  /** Those that were made ready for this deployment. */
  #sandboxes: Sandbox[] = [];

  /** Starts every replica at once. What an interrupted start left behind is replaced. */
  async start(artifact: Artifact, spec: RunSpec<DockerConfig>, context: CallContext): Promise<Instance> {
    if (artifact.kind !== 'image') throw new UserError('artifact_not_accepted', 'Docker runs images only');
    const engine = connectEngine(context.host.dockerHost);
    const { graceSeconds, holdSeconds = 0, imageCheck = true, intervalSeconds } = spec.config.healthCheck;
    const image = await inspectImage(engine, artifact.digest, context.signal);
    const port = portOf(spec, image);
    const check = imageCheck ? image?.healthCheck : null;
    const look = lookOf(spec.config);
    const health = { graceSeconds, holdSeconds, intervalSeconds, look, ...(check ? { check } : {}) };
    const startIn = async (sandboxes: Sandbox[]) => {
      const networks = sandboxes.map(({ id }) => inside(id));
      const plans = planContainers(artifact.digest, spec, port, networks, context.host.installation);
      const ids = await startAll(engine, plans, context);
      const upstreams = sandboxes.map(({ address: host }) => ({ kind: 'http' as const, host, port }));
      return { ids, upstreams, ...health };
    };
    const take = () => takeSandboxes(engine, spec, spec.config.replicas, context);
    const ready = this.#sandboxes.splice(0);
    try {
      return await startIn(ready.length === spec.config.replicas ? ready : await take());
    } catch (error) {
      if (!mayPass(error)) throw await startFailure(error, engine, artifact.digest);
      // Whoever has been stopped meanwhile must not stop what its successor started.
      context.signal.throwIfAborted();
      await this.stop(spec, context);
      return await startIn(await take()).catch(async (again) => {
        throw await startFailure(again, engine, artifact.digest);
      });
    }
  }

  async prepare(spec: RunSpec<DockerConfig>, context: CallContext): Promise<void> {
    const count = Math.min(spec.config.replicas, mostPrepared);
    this.#sandboxes = await takeSandboxes(connectEngine(context.host.dockerHost), spec, count, context);
  }

  async excludes({ config }: RunSpec<DockerConfig>): Promise<string | null> {
    return exclusiveData(config);
  }

  async halt(identity: Identity, context: CallContext): Promise<void> {
    const engine = connectEngine(context.host.dockerHost);
    const { own } = await containersOf(identity, context);
    await Promise.all(own.map(({ id }) => stopContainer(engine, id, stopGraceSeconds, context.signal)));
  }

  async resume(identity: Identity, context: CallContext): Promise<void> {
    const engine = connectEngine(context.host.dockerHost);
    const { own } = await containersOf(identity, context);
    await Promise.all(own.map(({ id }) => startContainer(engine, id, context.signal)));
  }

  async forget(serviceId: string, { host, signal }: CallContext): Promise<void> {
    const labels = { ...ownLabels(host.installation), 'pierhead.service': serviceId };
    await removeVolumes(connectEngine(host.dockerHost), labels, signal);
  }

  async tidy(context: CallContext): Promise<void> {
    const engine = connectEngine(context.host.dockerHost);
    await removeIdleSandboxes(engine, context);
    await removeEmptyNetworks(engine, context);
  }

  /** An engine may keep a question about a container for as long as it is busy with it. */
  async probe(instance: Instance, spec: RunSpec<DockerConfig>, context: CallContext): Promise<Health> {
    const limit = AbortSignal.timeout(2_000 * spec.config.healthCheck.timeoutSeconds + engineLimitMs);
    try {
      return await this.#look(instance, spec, { ...context, signal: AbortSignal.any([context.signal, limit]) });
    } catch (error) {
      context.signal.throwIfAborted();
      if (!limit.aborted) throw error;
      return { healthy: false, reason: 'the Docker engine did not answer in time' };
    }
  }

  async #look(instance: Instance, spec: RunSpec<DockerConfig>, context: CallContext): Promise<Health> {
    const look = lookOf(spec.config);
    const engine = connectEngine(context.host.dockerHost);
    const servers = instance.upstreams.filter((each) => each.kind === 'http');
    const found = await Promise.all(servers.map((each) => lookAt(each, look, context.signal)));
    context.signal.throwIfAborted();
    const silent = found.find((each) => each !== null) ?? null;
    if (silent !== null && performance.now() < this.#askEngineAt) return { healthy: false, reason: silent };
    this.#askEngineAt = performance.now() + enginePauseMs;
    const state = await checkRunning(engine, instance, context);
    const wrong = state.wrong ?? silent ?? (await this.#checkInside(instance, spec, context));
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
    const wanted = Number(found.own[0]?.labels[replicasLabel] ?? 1);
    if (found.own.length < wanted || found.own.some((each) => each.state === 'created')) return null;
    const { own, all } = (await startAgain(found.own, context)) ? await containersOf(identity, context) : found;
    const upstreams = own.flatMap((each) => upstreamOf(each, all) ?? []);
    return { ids: own.map((each) => each.id), upstreams };
  }

  /** What the service keeps ready goes with the last that it runs. */
  async stop(identity: Identity, context: CallContext): Promise<void> {
    const engine = connectEngine(context.host.dockerHost);
    const { own, all } = await containersOf(identity, context);
    await Promise.all(own.map((each) => removeContainer(engine, each.id, stopGraceSeconds, context.signal)));
    const others = all.filter((each) => !own.includes(each));
    const isLast = others.every(isSandbox);
    const idle = isLast ? others : others.filter(({ id }) => own.some((each) => sandboxOf(each) === id));
    await Promise.all(idle.map(({ id }) => removeSandbox(engine, id, context.signal)));
    if (isLast) await releaseNetwork(engine, networkName(identity), context);
  }

  async list({ host, signal }: CallContext): Promise<Identity[]> {
    const found = await listContainers(connectEngine(host.dockerHost), ownLabels(host.installation), signal);
    return identitiesOf(found);
  }

  async *watch(context: CallContext): AsyncGenerator<Identity> {
    const { host, signal } = context;
    const engine = connectEngine(host.dockerHost);
    const ending = new AbortController();
    const following = followPeers(engine, context, AbortSignal.any([signal, ending.signal])).catch((error) =>
      context.log(messageOf(error), 'system'),
    );
    try {
      for await (const labels of containerStarts(engine, ownLabels(host.installation), signal)) {
        const started = isSandbox({ labels }) ? await listContainers(engine, placeOf(labels), signal) : [{ labels }];
        yield* identitiesOf(started);
      }
    } finally {
      ending.abort();
      await following;
    }
  }

  async *logs(identity: Identity, options: OutputOptions, context: CallContext): AsyncGenerator<OutputLine> {
    const engine = connectEngine(context.host.dockerHost);
    const { own } = await containersOf(identity, context);
    const sources = own.map((each) => containerLogs(engine, each.id, { ...options, signal: context.signal }));
    yield* mergeLines(sources, options.follow);
  }

  async usage(identities: readonly Identity[], { host, signal }: CallContext): Promise<InstanceUsage[]> {
    const engine = connectEngine(host.dockerHost);
    const wanted = new Set(identities.map((each) => each.deploymentId));
    const found = (await listContainers(engine, ownLabels(host.installation), signal)).flatMap((container) => {
      const deploymentId = identityOf(container)?.deploymentId ?? '';
      return container.state === 'running' && wanted.has(deploymentId) ? [{ id: container.id, deploymentId }] : [];
    });
    return usageOf(engine, found, signal);
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

function lookOf({ healthCheck }: DockerConfig): Look {
  const { path, statuses = defaultStatuses, timeoutSeconds } = healthCheck;
  return { ...(path ? { path } : {}), statuses, timeoutSeconds };
}

export const createDockerRuntime = () => new DockerRuntime();
