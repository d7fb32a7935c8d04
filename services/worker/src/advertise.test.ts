import { connect, listen, migrate, workerRepository } from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import { type PluginInfo, UserError } from '@pierhead/model';
import { addManifests, createRegistries, type Manifests } from '@pierhead/registry';
import { recordingContext, sampleManifests, testDatabase, until } from '@pierhead/testing';
import t from 'tap';
import { startAdvertising } from './advertise.js';
import { builtInCapabilities, pluginCapabilities } from './capabilities.js';
import type { WorkerContext } from './worker-context.js';

const samples = sampleManifests();
const bare = { providers: [], builders: [], runtimes: [] };

interface Asked {
  reason?: string;
  throws?: Error;
}

/** A builder that notes when it is asked and when it is let go of. */
const builder = (id: string, version: string, calls: string[], { reason, throws }: Asked = {}) => ({
  ...samples.builders[0]!,
  id,
  version,
  load: async () => () => ({
    build: () => Promise.reject(new Error('not in this test')),
    unavailable: async () => {
      calls.push(`ask ${id} ${version}`);
      if (throws) throw throws;
      return reason ? { code: 'no_tool', message: reason, hint: 'Install it.' } : null;
    },
    dispose: async () => void calls.push(`dispose ${id} ${version}`),
  }),
});

/** A source whose first builder is built in, and whose others are a plugin's. */
function sourceOf(builders: Manifests['builders']) {
  const [own, ...others] = builders;
  const registries = createRegistries({ ...bare, builders: own ? [own] : [] });
  addManifests(registries, { ...bare, builders: others });
  const entries = others.map(({ id, version }) => ({ kind: 'builder' as const, id, version }));
  const plugin: PluginInfo = { source: './x', name: 'x', version: '1.0.0', entries, problems: [] };
  return {
    current: () => registries,
    plugins: () => (others.length > 0 ? [plugin] : []),
    reload: async () => [],
    onReload: () => {},
    close: async () => {},
  };
}

const logger = createLogger('worker', 'silent');

t.test('every version is advertised with its own answer, and nothing that was asked stays open', async (t) => {
  const { host } = await recordingContext(t);
  const calls: string[] = [];
  const source = sourceOf([
    builder('own', '1.0.0', calls, { reason: 'No tool.' }),
    builder('more', '1.0.0', calls),
    builder('more', '2.0.0', calls, {
      throws: new UserError('plugin_crashed', 'It crashed.', { hint: 'Tell its author.' }),
    }),
  ]);
  t.same((await builtInCapabilities(source, { host, logger })).builders, [
    {
      id: 'own',
      version: '1.0.0',
      available: false,
      reason: { code: 'no_tool', message: 'No tool.', hint: 'Install it.' },
    },
  ]);
  t.same(calls.splice(0), ['ask own 1.0.0', 'dispose own 1.0.0'], 'plugins are not asked with each heartbeat');
  const { builders } = await pluginCapabilities(source, { host, logger });
  t.match(
    builders.toSorted((a, b) => a.version.localeCompare(b.version)),
    [
      { id: 'more', version: '1.0.0', available: true, reason: null },
      { id: 'more', version: '2.0.0', available: false, reason: { code: 'plugin_crashed', hint: 'Tell its author.' } },
    ],
  );
  t.same(calls.sort(), ['ask more 1.0.0', 'ask more 2.0.0', 'dispose more 1.0.0', 'dispose more 2.0.0']);
});

t.test('a reload is told at once, and a worker that stops is gone at once', async (t) => {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  t.teardown(() => database.close());
  const { host } = await recordingContext(t);
  let told = 0;
  const heard = () => {
    told += 1;
  };
  await listen(database, 'workers', heard, () => {});
  let source = sourceOf([builder('own', '1.0.0', [])]);
  const swapping = {
    ...source,
    current: () => source.current(),
    plugins: () => source.plugins(),
    reload: async () => {
      source = sourceOf([builder('own', '1.0.0', []), builder('new', '1.0.0', [])]);
      return source.plugins();
    },
  };
  const admission = { refusal: async () => 'No room.', close: async () => {} };
  const worker = { id: 'w', labels: ['gpu'], source: swapping, database, logger, host, capabilities: bare, admission };
  const advertising = await startAdvertising(worker as unknown as WorkerContext, { slots: 3, running: () => 1 });
  const ids = async () =>
    (await workerRepository(database).list()).flatMap((each) => each.capabilities.builders.map(({ id }) => id));
  t.same(await ids(), ['own']);
  t.match(await workerRepository(database).list(), [
    { id: 'w', slots: 3, running: 1, refusal: 'No room.', labels: ['gpu'] },
  ]);
  await until('the start is told', async () => told === 1);
  await advertising.reload();
  t.same(await ids(), ['own', 'new']);
  await until('the change is told', async () => told === 2);
  await advertising.stop();
  t.same(await workerRepository(database).list(), []);
  await until('the end is told', async () => told === 3);
});
