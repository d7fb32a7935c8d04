import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { builders } from '@pierhead/builders';
import type { Needs } from '@pierhead/config';
import {
  connect,
  createSecrets,
  installationId,
  listen,
  repeat,
  uploadRepository,
  workerRepository,
} from '@pierhead/database';
import { createServer, registerHealth } from '@pierhead/http';
import { createLogger } from '@pierhead/logger';
import { createRegistrySource } from '@pierhead/plugin-host';
import { providers } from '@pierhead/providers';
import { createQueueWorker } from '@pierhead/queue';
import { runtimes } from '@pierhead/runtimes';
import { createFolderStorage } from '@pierhead/storage';
import { createAdmission } from './admission.js';
import { startAdvertising } from './advertise.js';
import { createBell } from './bell.js';
import { clearRemovedServices } from './clear-removed.js';
import { startCollecting } from './collect.js';
import { freeDisk, freeMemory } from './free-space.js';
import { handOver } from './hand-over.js';
import type { Interruption } from './interruption.js';
import { startKeepingOutput } from './keep-output.js';
import { bringForsakenBack } from './make-way.js';
import { processCommand } from './process-command.js';
import { processDeployment } from './process-deployment.js';
import { refreshReleases } from './refresh-releases.js';
import { startSamplingUsage } from './sample-usage.js';
import { sweepWorkspaces } from './sweep-workspaces.js';
import { watchInstances } from './watch-instances.js';
import { repositoriesOf, type WorkerContext } from './worker-context.js';

export interface RunningWorker {
  id: string;
  /** Where health and metrics answer. */
  url: string;
  /** Reads the plugins anew; deployments under way keep what they have. */
  reload(): Promise<void>;
  /** Takes nothing new, hands deployments under way back to the queue, stops commands, lets go of everything. */
  close(): Promise<void>;
}

/** Of each second of the grace: for deployments that are nearly done. */
const finishingMs = 500;
const clearMs = 10_000;
const refreshMs = 30_000;
const sweepMs = 15_000;

/** Starts a worker: it takes deployments from the queue until it is closed. */
export async function startWorker(config: Needs<'databaseUrl' | 'secretKey'>): Promise<RunningWorker> {
  const id = `${hostname()}-${randomUUID().slice(0, 8)}`;
  const logger = createLogger('worker', config.logLevel);
  const database = connect(config.databaseUrl, { name: 'worker', max: config.workerSlots + 4 });
  const uploads = uploadRepository(database);
  const builtIn = { providers, builders, runtimes };
  const source = await createRegistrySource({ builtIn, plugins: config.plugins, logger });
  const { dockerHost, dockerNetwork, dockerSubnets, egressAllow } = config;
  const { buildMemory: memoryBytes, buildCpus: cpus, buildPids: pids, buildCgroup: cgroup } = config;
  const buildCaps = { memoryBytes, cpus, pids, cgroup };
  const installation = await installationId(database);
  const host = { installation, dockerHost, dockerNetwork, dockerSubnets, buildCaps, egressAllow };
  const workspacesRoot = join(config.dataDir, 'workspaces');
  const [cancellations, acknowledgements, starts] = [createBell(), createBell(), createBell()];
  const active = new Map<string, Interruption>();
  const activeCommands = new Map<string, Interruption>();

  const workers = workerRepository(database);
  const admission = createAdmission({
    floors: config,
    space: { memory: freeMemory, disk: freeDisk },
    folders: () => [config.dataDir, ...worker.filled],
    tell: (refusal) => workers.refuse(id, refusal),
  });

  const worker: WorkerContext = {
    id,
    ...repositoriesOf(database),
    admission,
    secrets: createSecrets(config.secretKey, config.oldSecretKeys),
    storage: createFolderStorage(join(config.dataDir, 'storage'), { findUpload: uploads.find }),
    source,
    host,
    labels: config.workerLabels,
    capabilities: { providers: [], builders: [], runtimes: [] },
    filled: [],
    workspaces: join(workspacesRoot, id),
    cancellations,
    acknowledgements,
    starts,
    logger,
  };

  const advertising = await startAdvertising(worker, { slots: config.workerSlots, running: () => active.size });
  // Not before its first heartbeat: others delete the folders of those that they do not know.
  await mkdir(worker.workspaces, { recursive: true, mode: 0o700 });
  const sweep = async () => sweepWorkspaces(workspacesRoot, workers.present);
  await sweep();

  const report = (error: unknown) => logger.warn({ err: error }, 'a recurring task failed; it will be tried again');
  const clearing = repeat(() => clearRemovedServices(worker), clearMs, report);
  const sweeping = repeat(sweep, sweepMs, report);
  const refreshing = repeat(() => refreshReleases(worker).then(() => bringForsakenBack(worker)), refreshMs, report);
  refreshing.now();
  const collecting = startCollecting(worker, { active, budget: config.artifactBudget });
  const output = startKeepingOutput(worker);
  const stopSampling = startSamplingUsage(worker, output.kept);
  const stopWatching = watchInstances(worker, { started: output.startedAgain, missed: refreshing.now });
  const reload = () => void advertising.reload().catch(report);
  let following = false;
  const missed = () => {
    // The plugins have just been read when the channel is followed for the first time.
    if (following) reload();
    following = true;
  };
  const stopListening = await Promise.all([
    listen(database, 'cancellations', cancellations.ring, cancellations.ring),
    listen(database, 'gateways', acknowledgements.ring, acknowledgements.ring),
    listen(database, 'services', clearing.now, clearing.now),
    listen(database, 'plugins', reload, missed),
  ]);
  const queueError = (error: Error) => logger.warn({ err: error }, 'the queue');
  const queue = await createQueueWorker(config, {
    kind: 'deployments',
    workerId: id,
    slots: config.workerSlots,
    process: (deploymentId) => processDeployment(deploymentId, worker, active).finally(collecting.soon),
    onError: queueError,
  });
  const commandQueue = await createQueueWorker(config, {
    kind: 'commands',
    workerId: id,
    slots: config.commandSlots,
    process: (commandId) => processCommand(commandId, worker, activeCommands),
    onError: queueError,
  });

  const app = await createServer({
    name: 'worker',
    version: '0.1.0',
    logger,
    shutdownGraceSeconds: config.shutdownGraceSeconds,
  });
  await registerHealth(app, { checks: { database: async () => void (await database.sql`select 1`) } });
  const url = await app.listen({ host: config.workerHost, port: config.workerPort });

  return {
    id,
    url,
    reload: advertising.reload,
    async close() {
      app.drain.begin();
      await Promise.all([queue.stop(), commandQueue.stop(), admission.close('It is stopping.').catch(report)]);
      const graceMs = config.shutdownGraceSeconds * finishingMs;
      await Promise.all([handOver(active, graceMs), handOver(activeCommands, graceMs, () => true)]);
      await advertising.stop();
      await Promise.all([app.close(), queue.close(), commandQueue.close()]);
      await Promise.all(stopListening.map((stop) => stop()));
      await Promise.all([output.stop(), stopWatching(), stopSampling()]);
      await Promise.all([clearing.stop(), refreshing.stop(), sweeping.stop(), collecting.stop()]);
      await source.close();
      await database.close();
    },
  };
}
