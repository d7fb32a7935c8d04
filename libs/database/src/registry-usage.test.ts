import type { DeploymentStatus, EntryKind, StageName } from '@pierhead/model';
import { order } from '@pierhead/testing';
import t from 'tap';
import { setUp } from './fixture.js';
import { registryUsageRepository } from './registry-usage.js';

t.test('usage tells the services and deployments of an entry by version, with error rates', async (t) => {
  const { database, create, deployments, lookups, services } = await setUp(t);
  const usage = registryUsageRepository(database);
  const deploy = async (serviceId: string, version: string, status: DeploymentStatus, found = true) => {
    const { id } = (await deployments.create(order(serviceId)))!;
    await database.sql`update deployments set status = ${status} where id = ${id}`;
    await lookups.record(id, 'worker-1', [{ kind: 'provider', entryId: 'p', version, found }]);
    return id;
  };
  t.same(await usage.read('provider', 'nothing'), { id: 'nothing', services: [], versions: [], deployments: [] });

  const old = await create('old');
  const fresh = await create('fresh', { providerVersion: '1.10.0' });
  const spare = { providerId: 'p', providerVersion: '1.9.0', providerConfig: {} };
  const backup = await create('backup', { providerId: 'q', fallbackSources: [spare, { ...spare, providerId: 'x' }] });
  const gone = await create('gone');
  await deploy(gone.id, '1.0.0', 'failed');
  await services.remove(gone.id);

  const first = await deploy(old.id, '1.0.0', 'succeeded');
  const second = await deploy(old.id, '1.0.0', 'failed', false);
  const third = await deploy(fresh.id, '1.10.0', 'running');

  const read = await usage.read('provider', 'p');
  t.same(read.services, [
    { id: backup.id, name: 'backup', version: '1.9.0' },
    { id: fresh.id, name: 'fresh', version: '1.10.0' },
    { id: old.id, name: 'old', version: '1.0.0' },
  ]);
  t.same(read.versions, [
    { version: '1.10.0', services: 1, deployments: 0, failed: 0, errorRate: null },
    { version: '1.9.0', services: 1, deployments: 0, failed: 0, errorRate: null },
    { version: '1.0.0', services: 1, deployments: 1, failed: 0, errorRate: 0 },
  ]);
  const shown = read.deployments.map(({ deploymentId, status, found }) => ({ deploymentId, status, found }));
  t.same(shown, [
    { deploymentId: third, status: 'running', found: true },
    { deploymentId: second, status: 'failed', found: false },
    { deploymentId: first, status: 'succeeded', found: true },
  ]);
  t.match(read.deployments[0], { serviceId: fresh.id, version: '1.10.0', workerId: 'worker-1', at: /^\d{4}-.*Z$/ });
  t.same((await usage.read('builder', 'p')).services, [], 'a builder of the same id is another entry');
  t.equal((await usage.read('builder', 'b')).services.length, 3);
});

t.test('a deployment is counted for an entry that had its turn, and fails the one whose work failed', async (t) => {
  const { database, create, deployments, lookups } = await setUp(t);
  const usage = registryUsageRepository(database);
  const ended = async (status: DeploymentStatus, stage: StageName | null = null, code = 'x') => {
    const { id: serviceId } = await create(`s${++count}`);
    const { id } = (await deployments.create(order(serviceId)))!;
    const error = status === 'failed' ? JSON.stringify({ code, stage, message: '', hint: '' }) : null;
    await database.sql`update deployments set status = ${status}, error = ${error}::jsonb where id = ${id}`;
    const entries = Object.entries({ provider: 'p', builder: 'b', runtime: 'r' }) as [EntryKind, string][];
    const each = entries.map(([kind, entryId]) => ({ kind, entryId, version: '1.0.0', found: true }));
    await lookups.record(id, 'worker-1', each);
  };
  let count = 0;
  let seen: Record<string, [number, number]> = { p: [0, 0], b: [0, 0], r: [0, 0] };
  /** How many deployments, and how many failures of them, each entry has more than when this was asked before. */
  const news = async () => {
    const before = seen;
    const of = async (kind: EntryKind, id: string): Promise<[number, number]> => {
      const { deployments = 0, failed = 0 } = (await usage.read(kind, id)).versions[0] ?? {};
      return [deployments, failed];
    };
    seen = { p: await of('provider', 'p'), b: await of('builder', 'b'), r: await of('runtime', 'r') };
    return Object.entries(seen)
      .map(([id, [all, failed]]) => `${id} ${all - before[id]![0]}/${failed - before[id]![1]}`)
      .join(', ');
  };
  const none = 'p 0/0, b 0/0, r 0/0';
  for (const [expected, ...end] of [
    ['p 1/0, b 1/0, r 1/0', 'succeeded'],
    [none, 'canceled'],
    [none, 'superseded'],
    [none, 'running'],
    ['p 1/1, b 0/0, r 0/0', 'failed', 'resolve'],
    ['p 1/1, b 0/0, r 0/0', 'failed', 'fetch'],
    ['p 1/0, b 1/1, r 0/0', 'failed', 'build'],
    ['p 1/0, b 1/0, r 1/1', 'failed', 'release'],
    ['p 1/0, b 1/0, r 1/1', 'failed', 'verify'],
    ['p 1/0, b 1/0, r 1/0', 'failed', 'switch'],
    [none, 'failed', null, 'provider_disabled'],
    [none, 'failed', null, 'builder_version_gone'],
    [none, 'failed', null, 'runtime_unknown'],
    ['p 0/0, b 1/1, r 0/0', 'failed', null, 'builder_not_loadable'],
    ['p 1/1, b 1/1, r 1/1', 'failed', null, 'plugin_timeout'],
  ] as [string, DeploymentStatus, StageName | null, string?][]) {
    await ended(...end);
    t.equal(await news(), expected, end.join(' '));
  }
});

t.test('the lookups of the last fifty deployments are shown, and more are counted', async (t) => {
  const { database, create, deployments, lookups } = await setUp(t);
  const { id: serviceId } = await create('busy', {
    delivery: { autoDeploy: true, queuePolicy: 'queue-all', keepReleases: 5, workerLabels: [] },
  });
  for (let count = 0; count < 52; count++) {
    const { id } = (await deployments.create(order(serviceId)))!;
    await lookups.record(id, 'w', [{ kind: 'runtime', entryId: 'r', version: '1.0.0', found: true }]);
  }
  await database.sql`update deployments set status = 'succeeded'`;
  const read = await registryUsageRepository(database).read('runtime', 'r');
  t.equal(read.deployments.length, 50);
  t.match(read.versions, [{ deployments: 52, failed: 0, errorRate: 0 }]);
});
