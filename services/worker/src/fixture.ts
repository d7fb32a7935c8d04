import { randomBytes } from 'node:crypto';
import {
  connect,
  createSecrets,
  migrate,
  type NewService,
  newId,
  projectRepository,
  serviceRepository,
  uploadRepository,
  workerRepository,
} from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import type { Builder, Provider, ProviderManifest, Runtime } from '@pierhead/model';
import type { RegistrySource } from '@pierhead/plugin-host';
import { createRegistries, type Manifests, type Registries } from '@pierhead/registry';
import { createFolderStorage } from '@pierhead/storage';
import { capability, order, plainService, recordingContext, sampleManifests, testDatabase } from '@pierhead/testing';
import type { Test } from 'tap';
import { createBell } from './bell.js';
import type { Interruption } from './interruption.js';
import { processDeployment } from './process-deployment.js';
import { repositoriesOf, type WorkerContext } from './worker-context.js';

interface Fakes {
  service?: Partial<NewService>;
  provider?: Partial<Provider>;
  builder?: Partial<Builder>;
  runtime?: Partial<Runtime>;
  providers?: ProviderManifest[];
}

/** A worker on a real database, with a provider, builder and runtime that note what they are asked. */
export async function setUp(t: Test, fakes: Fakes = {}) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  t.teardown(() => database.close());
  const calls: string[] = [];
  const note =
    <A extends unknown[], R>(name: string, answer: (...words: A) => R) =>
    (...words: A): R => {
      calls.push(name);
      return answer(...words);
    };
  const provider: Provider = {
    resolveRevision: note('resolve', async () => ({ id: `r${calls.length}` })),
    fetchSource: note('fetch', async (_revision, _config, path) => ({ kind: 'tree' as const, path })),
    ...fakes.provider,
  };
  const builder: Builder = {
    build: note('build', async () => ({ kind: 'image' as const, digest: 'sha256:1', bytes: 1 })),
    ...fakes.builder,
  };
  const runtime: Runtime = {
    start: note('start', async (_artifact, { deploymentId }) => ({
      ids: [deploymentId],
      upstreams: [{ kind: 'http' as const, host: '127.0.0.1', port: 1 }],
    })),
    probe: async () => ({ healthy: true }),
    adopt: async () => null,
    stop: async ({ deploymentId }) => void calls.push(`stop ${deploymentId}`),
    async *logs() {},
    ...fakes.runtime,
  };
  const samples = sampleManifests();
  const manifestsOf = (entryVersion: string): Manifests => ({
    providers: [
      {
        ...samples.providers[0]!,
        id: 'p',
        produces: 'tree',
        version: entryVersion,
        load: async () => () => provider,
      },
      ...(fakes.providers ?? []),
    ],
    builders: [
      {
        ...samples.builders[0]!,
        id: 'b',
        version: entryVersion,
        accepts: ['tree'],
        produces: 'image',
        load: async () => () => builder,
      },
    ],
    runtimes: [
      {
        ...samples.runtimes[0]!,
        id: 'r',
        version: entryVersion,
        accepts: ['image'],
        load: async () => () => runtime,
      },
    ],
  });
  const registriesOf = (entryVersion: string): Registries => createRegistries(manifestsOf(entryVersion));
  let registries = registriesOf('1.0.0');
  const source: RegistrySource = {
    current: () => registries,
    plugins: () => [],
    reload: async () => [],
    onReload: () => {},
    close: async () => {},
  };
  /** From now on there is another version of every entry, and no other. */
  const replaceVersions = (entryVersion: string) => {
    registries = registriesOf(entryVersion);
  };
  const { workspace, host } = await recordingContext(t);
  const uploads = uploadRepository(database);
  const { workspace: folder } = await recordingContext(t);
  const storage = createFolderStorage(folder, { findUpload: uploads.find });
  const worker: WorkerContext = {
    id: 'worker',
    starts: createBell(),
    ...repositoriesOf(database),
    secrets: createSecrets(randomBytes(32).toString('base64')),
    storage,
    source,
    host,
    labels: [],
    capabilities: { providers: [capability('p')], builders: [capability('b')], runtimes: [capability('r')] },
    filled: [],
    workspaces: workspace,
    cancellations: createBell(),
    acknowledgements: createBell(),
    admission: { refusal: async () => null, close: async () => {} },
    logger: createLogger('worker', 'silent'),
  };
  const { capabilities } = worker;
  await workerRepository(database).heartbeat({
    id: worker.id,
    slots: 2,
    running: 0,
    refusal: null,
    labels: [],
    capabilities,
  });
  const project = await projectRepository(database).ensureDefault();
  const createService = async (providerId = 'p', more: Partial<NewService> = {}): Promise<string> => {
    const service = await serviceRepository(database).create({
      ...plainService,
      id: newId(),
      projectId: project.id,
      name: `web-${newId()}`,
      providerId,
      ...more,
    });
    if ('conflict' in service) throw new Error(service.conflict);
    return service.id;
  };
  const service = await createService('p', fakes.service);
  const active = new Map<string, Interruption>();
  const create = async (serviceId = service) => (await worker.deployments.create(order(serviceId)))!.id;
  const run = async (id: string) => {
    await processDeployment(id, worker, active);
    return (await worker.deployments.find(id))!;
  };
  const logOf = async (id: string) => (await worker.logs.read(id, 0, 1_000)).map((line) => line.text);
  return { worker, calls, active, create, createService, run, logOf, replaceVersions, manifests: manifestsOf('1.0.0') };
}
