import { randomBytes } from 'node:crypto';
import {
  connect,
  createSecrets,
  deploymentRepository,
  gatewayRepository,
  logRepository,
  migrate,
  newId,
  projectRepository,
  runRepository,
  serviceRepository,
} from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import { type Builder, type Provider, type Runtime, UserError, WorldError } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import { recordingContext, sampleManifests, testDatabase } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { createBell } from './bell.js';
import type { Interruption } from './interruption.js';
import { processDeployment } from './process-deployment.js';
import type { WorkerContext } from './worker-context.js';

interface Fakes {
  provider?: Partial<Provider>;
  builder?: Partial<Builder>;
  runtime?: Partial<Runtime>;
}

/** A worker on a real database, with a provider, builder and runtime that note what they are asked. */
async function setUp(t: Test, fakes: Fakes = {}) {
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
  const registries = createRegistries({
    providers: [{ ...samples.providers[0]!, id: 'p', produces: 'tree', load: async () => () => provider }],
    builders: [
      { ...samples.builders[0]!, id: 'b', accepts: ['tree'], produces: 'image', load: async () => () => builder },
    ],
    runtimes: [{ ...samples.runtimes[0]!, id: 'r', accepts: ['image'], load: async () => () => runtime }],
  });
  const { workspace, storage, host } = await recordingContext(t);
  const version = (metadata: { version: string } | null) => metadata!.version;
  const worker: WorkerContext = {
    id: 'worker',
    database,
    deployments: deploymentRepository(database),
    runs: runRepository(database),
    logs: logRepository(database),
    gateways: gatewayRepository(database),
    secrets: createSecrets(randomBytes(32).toString('base64')),
    storage,
    registries,
    host,
    capabilities: { providers: [], builders: [], runtimes: [] },
    workspaces: workspace,
    cancellations: createBell(),
    acknowledgements: createBell(),
    logger: createLogger('worker', 'silent'),
  };
  const project = await projectRepository(database).ensureDefault();
  const service = await serviceRepository(database).create({
    id: newId(),
    projectId: project.id,
    name: 'web',
    providerId: 'p',
    providerVersion: version(registries.providers.getProviderMetadata('p')),
    builderId: 'b',
    builderVersion: version(registries.builders.getBuilderMetadata('b')),
    runtimeId: 'r',
    runtimeVersion: version(registries.runtimes.getRuntimeMetadata('r')),
    providerConfig: {},
    builderConfig: {},
    runtimeConfig: {},
    variables: {},
    hostnames: [],
    delivery: { autoDeploy: true, queuePolicy: 'latest-wins', keepReleases: 5 },
  });
  if ('conflict' in service) throw new Error(service.conflict);
  const active = new Map<string, Interruption>();
  const create = async () => {
    const trigger = { kind: 'api', actor: null, event: null };
    return (await worker.deployments.create({
      serviceId: service.id,
      environment: 'production',
      trigger,
      input: {},
      idempotencyKey: null,
    }))!.id;
  };
  const run = async (id: string) => {
    await processDeployment(id, worker, active);
    return (await worker.deployments.find(id))!;
  };
  return { worker, calls, active, create, run };
}

t.test('the old release is stopped after the switch, and not before', async (t) => {
  const { calls, create, run } = await setUp(t);
  const first = await create();
  t.match(await run(first), { status: 'succeeded', live: true });
  t.same(calls.splice(0), ['resolve', 'fetch', 'build', 'start']);
  t.match(await run(await create()), { status: 'succeeded', live: true });
  t.same(calls, ['resolve', 'fetch', 'build', 'start', `stop ${first}`]);
});

t.test('a worker that died after its switch left a live release, which its successor does not touch', async (t) => {
  const { worker, calls, create, run } = await setUp(t);
  const old = await create();
  await run(old);
  calls.splice(0);
  const id = await create();
  await worker.runs.claim(id, 'dead', 0);
  const lease = { deploymentId: id, owner: 'dead', epoch: 1 };
  await worker.runs.released(lease, { ids: [id], upstreams: [] });
  await worker.runs.switch(lease, [{ kind: 'http', host: '127.0.0.1', port: 2 }]);
  await worker.deployments.releaseLapsed();
  t.match(await run(id), { status: 'succeeded', live: true });
  t.same(calls, [`stop ${old}`], 'only what no longer serves is stopped');
});

t.test(
  'a failure of the world is tried again with the revision that was resolved, one of the user is not',
  async (t) => {
    const failures = [
      new WorldError('engine_gone', 'The engine is gone.'),
      new UserError('build_failed', 'Line 3.', { line: 'RUN x', hint: 'Mend it.' }),
    ];
    const seen: string[] = [];
    const { worker, calls, create, run } = await setUp(t, {
      provider: {
        fetchSource: async (revision, _config, path) => {
          seen.push(revision.id);
          return { kind: 'tree', path };
        },
      },
      builder: { build: () => Promise.reject(failures.shift()) },
    });
    const id = await create();
    t.match(await run(id), { status: 'queued', attempt: 2 });
    await worker.database.sql`update deployments set not_before = now()`;
    t.match(await run(id), {
      status: 'failed',
      error: { code: 'build_failed', stage: 'build', line: 'RUN x', hint: 'Mend it.' },
    });
    t.same(seen, ['r1', 'r1']);
    t.same(calls, ['resolve']);
  },
);

t.test('what started for a release that never went live is stopped', async (t) => {
  const { calls, create, run } = await setUp(t, {
    runtime: { probe: () => Promise.reject(new UserError('app_exited', 'It ended.')) },
  });
  const id = await create();
  const ended = await run(id);
  t.match(ended, { status: 'failed', error: { code: 'app_exited', stage: 'verify' }, live: false, instance: null });
  t.ok(calls.includes(`stop ${id}`));
  t.same(ended.stages.map((stage) => [stage.name, stage.status]).slice(-2), [
    ['verify', 'failed'],
    ['cleanup', 'succeeded'],
  ]);
});

t.test('a shutdown hands the deployment over, a cancel ends it', async (t) => {
  let interrupt = () => {};
  const { active, create, run } = await setUp(t, {
    builder: {
      build: (_source, _config, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          interrupt();
        }),
    },
  });
  const first = await create();
  interrupt = () => void active.get(first)!.fire('shutdown');
  t.match(await run(first), { status: 'queued', attempt: 2 });
  interrupt = () => void active.get(first)!.fire('canceled');
  t.match(await run(first), {
    status: 'canceled',
    stages: [{}, {}, { name: 'build', status: 'canceled' }, { name: 'cleanup' }],
  });
});

t.test('an unforeseen error ends the deployment without telling of our insides', async (t) => {
  const { create, run } = await setUp(t, { builder: { build: () => Promise.reject(new Error('secret path /etc/x')) } });
  const { status, error } = await run(await create());
  t.match({ status, error }, { status: 'failed', error: { code: 'internal_error', stage: 'build' } });
  t.notMatch(JSON.stringify(error), 'secret path');
});
