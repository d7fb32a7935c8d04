import { join } from 'node:path';
import type { Needs } from '@pierhead/config';
import {
  artifactRepository,
  auditRepository,
  commandLineRepository,
  commandRepository,
  connect,
  createSecrets,
  deploymentRepository,
  hostnameOf,
  installationId,
  listen,
  logRepository,
  migrate,
  outputRepository,
  projectRepository,
  registryUsageRepository,
  sampleRepository,
  serviceRepository,
  tokenRepository,
  uploadRepository,
  workerRepository,
} from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import { createQueue } from '@pierhead/queue';
import { createFolderStorage } from '@pierhead/storage';
import { createCatalogClient } from './catalog-client.js';
import type { ApiContext } from './context.js';
import { createApp } from './create-app.js';
import { startDispatcher } from './dispatcher.js';
import { createFeed } from './feed.js';
import { tokenVerifier } from './identify.js';
import { KeptAnswers } from './kept-answers.js';
import { startMergingSamples } from './merge-samples.js';
import { startRetention } from './retention.js';
import { startScheduler } from './scheduler.js';
import { createSigner } from './signer.js';
import { createToggles } from './toggles.js';

export interface RunningApi {
  url: string;
  close(): Promise<void>;
}

/** Migrates the database, then serves the API and hands deployments to the queue. */
export async function startApi(
  config: Needs<'databaseUrl' | 'catalogUrl' | 'catalogToken' | 'secretKey' | 'adminToken'>,
): Promise<RunningApi> {
  const logger = createLogger('api', config.logLevel);
  await migrate(config.databaseUrl);
  const database = connect(config.databaseUrl, { name: 'api', max: 8 });
  const queueError = (error: Error) => logger.warn({ err: error }, 'the queue');
  const queue = createQueue('deployments', config, queueError);
  const commandQueue = createQueue('commands', config, queueError);
  const uploads = uploadRepository(database);
  const feed = await createFeed(database);
  const kept = new KeptAnswers();
  const forget = () => kept.clear();
  const toggles = await createToggles(database, forget, (error) =>
    logger.warn({ err: error }, 'what is switched off could not be read; trying again at the next change'),
  );
  const stopFollowingPlugins = await listen(database, 'plugins', forget, forget);

  const context: ApiContext = {
    database,
    projects: projectRepository(database),
    services: serviceRepository(database),
    deployments: deploymentRepository(database),
    logs: logRepository(database),
    commands: commandRepository(database),
    commandLines: commandLineRepository(database),
    output: outputRepository(database),
    samples: sampleRepository(database),
    uploads,
    artifacts: artifactRepository(database),
    workers: workerRepository(database),
    tokens: tokenRepository(database),
    audit: auditRepository(database),
    usage: registryUsageRepository(database),
    queue,
    storage: createFolderStorage(join(config.dataDir, 'storage'), { findUpload: uploads.find }),
    catalog: createCatalogClient(config.catalogUrl, config.catalogToken, toggles.header),
    kept,
    toggles,
    secrets: createSecrets(config.secretKey, config.oldSecretKeys),
    signer: createSigner(config.secretKey),
    installation: await installationId(database),
    feed,
    baseDomain: config.baseDomain,
    dataDir: config.dataDir,
    artifactBudget: config.artifactBudget,
    urlOf: (name, environment) =>
      `http://${hostnameOf(name, environment, config.baseDomain)}:${config.publicGatewayPort}`,
  };

  const app = await createApp(context, {
    logger,
    shutdownGraceSeconds: config.shutdownGraceSeconds,
    requestsPerMinute: config.rateLimit,
    verify: tokenVerifier(config.adminToken, context.tokens),
    checks: {
      database: async () => void (await database.sql`select 1`),
      queue: queue.ping,
      catalog: context.catalog.ping,
    },
  });
  const dispatcher = await startDispatcher(database, { deployments: queue, commands: commandQueue }, logger);
  const scheduler = await startScheduler(database, config, logger);
  const { keepDeployments, keepDeploymentsDays, keepLogsDays, keepCommands } = config;
  const history = {
    deployments: keepDeployments,
    deploymentsDays: keepDeploymentsDays,
    logsDays: keepLogsDays,
    commands: keepCommands,
  };
  const retention = startRetention(database, history, logger);
  const merging = startMergingSamples(database, logger);
  const url = await app.listen({ host: config.host, port: config.apiPort });

  return {
    url,
    async close() {
      await app.close();
      await Promise.all([dispatcher.stop(), scheduler.stop(), retention.stop(), merging.stop()]);
      await Promise.all([queue.close(), commandQueue.close()]);
      await feed.close();
      await toggles.close();
      await stopFollowingPlugins();
      await database.close();
    },
  };
}
