import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { builders } from '@pierhead/builders';
import type { Needs } from '@pierhead/config';
import {
  connect,
  createSecrets,
  deploymentRepository,
  gatewayRepository,
  listen,
  logRepository,
  repeat,
  runRepository,
  uploadRepository,
  workerRepository,
} from '@pierhead/database';
import { createServer, registerHealth } from '@pierhead/http';
import { createLogger } from '@pierhead/logger';
import { providers } from '@pierhead/providers';
import { createQueueWorker } from '@pierhead/queue';
import { createRegistries } from '@pierhead/registry';
import { runtimes } from '@pierhead/runtimes';
import { createFolderStorage } from '@pierhead/storage';
import { createBell } from './bell.js';
import { findCapabilities } from './capabilities.js';
import { clearRemovedServices } from './clear-removed.js';
import type { Interruption } from './interruption.js';
import { processDeployment } from './process-deployment.js';
import { refreshReleases } from './refresh-releases.js';
import { sweepWorkspaces } from './sweep-workspaces.js';
import type { WorkerContext } from './worker-context.js';

export interface RunningWorker {
  id: string;
  /** Where health and metrics answer. */
  url: string;
  /** Takes no new deployments, hands those under way back to the queue, lets go of everything. */
  close(): Promise<void>;
}

const heartbeatMs = 10_000;
const refreshMs = 30_000;
const sweepMs = 60_000;

/** Starts a worker: it takes deployments from the queue until it is closed. */
export async function startWorker(config: Needs<'databaseUrl' | 'secretKey'>): Promise<RunningWorker> {
  const id = `${hostname()}-${randomUUID().slice(0, 8)}`;
  const logger = createLogger('worker', config.logLevel);
  const database = connect(config.databaseUrl, { name: 'worker', max: config.workerSlots + 3 });
  const uploads = uploadRepository(database);
  const registries = createRegistries({ providers, builders, runtimes });
  const host = { dockerHost: config.dockerHost, dockerNetwork: config.dockerNetwork, egressAllow: config.egressAllow };
  const workspacesRoot = join(config.dataDir, 'workspaces');
  const [cancellations, acknowledgements] = [createBell(), createBell()];
  const active = new Map<string, Interruption>();

  const worker: WorkerContext = {
    id,
    database,
    deployments: deploymentRepository(database),
    runs: runRepository(database),
    logs: logRepository(database),
    gateways: gatewayRepository(database),
    secrets: createSecrets(config.secretKey),
    storage: createFolderStorage(join(config.dataDir, 'storage'), { findUpload: uploads.find }),
    registries,
    host,
    capabilities: await findCapabilities(registries, host),
    workspaces: join(workspacesRoot, id),
    cancellations,
    acknowledgements,
    logger,
  };
  await mkdir(worker.workspaces, { recursive: true, mode: 0o700 });

  const workers = workerRepository(database);
  const beat = async () => {
    const { capabilities } = worker;
    await workers.heartbeat({ id, slots: config.workerSlots, running: active.size, capabilities });
  };
  const lookAround = async () => {
    worker.capabilities = await findCapabilities(registries, host);
    await beat();
  };
  await beat();
  const sweep = async () =>
    sweepWorkspaces(
      workspacesRoot,
      (await workers.list()).map((each) => each.id),
    );
  await sweep();

  const report = (error: unknown) => logger.warn({ err: error }, 'a recurring task failed; it will be tried again');
  const heartbeat = repeat(lookAround, heartbeatMs, report);
  const clearing = repeat(() => clearRemovedServices(worker), heartbeatMs, report);
  const sweeping = repeat(sweep, sweepMs, report);
  const refreshing = repeat(() => refreshReleases(worker), refreshMs, report);
  refreshing.now();
  const stopListening = await Promise.all([
    listen(database, 'cancellations', cancellations.ring, cancellations.ring),
    listen(database, 'gateways', acknowledgements.ring, acknowledgements.ring),
    listen(database, 'services', clearing.now, clearing.now),
  ]);
  const queue = await createQueueWorker(config, {
    slots: config.workerSlots,
    process: (deploymentId) => processDeployment(deploymentId, worker, active),
    onError: (error) => logger.warn({ err: error }, 'the queue'),
  });

  const app = await createServer({ name: 'worker', version: '0.1.0', logger });
  await registerHealth(app, { checks: { database: async () => void (await database.sql`select 1`) } });
  const url = await app.listen({ host: config.workerHost, port: config.workerPort });

  return {
    id,
    url,
    async close() {
      await app.close();
      for (const interruption of active.values()) interruption.fire('shutdown');
      await queue.close();
      await Promise.all([heartbeat.stop(), clearing.stop(), refreshing.stop(), sweeping.stop()]);
      await workers.leave(id);
      await Promise.all(stopListening.map((stop) => stop()));
      await database.close();
    },
  };
}
