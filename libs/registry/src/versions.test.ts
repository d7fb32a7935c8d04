import { configSchema, defineProvider, migrations, type ProviderManifest, Type, text } from '@pierhead/model';
import { sampleManifests } from '@pierhead/testing';
import t from 'tap';
import { addManifests, createRegistries } from './create-registries.js';
import { newestFirst } from './versions.js';

type Config = Record<string, unknown>;
const field = (key: string) =>
  configSchema({ [key]: text({ label: key }), extra: Type.Optional(text({ label: 'E' })) });

const version = (version: string, key: string, changes: Partial<ProviderManifest> = {}) =>
  defineProvider({ ...sampleManifests().providers[0]!, id: 'app', version, configSchema: field(key), ...changes });

const renamed =
  (from: string, to: string) =>
  ({ [from]: value, ...rest }: Config) => ({ ...rest, [to]: value });
const registered = (...providers: ProviderManifest[]) =>
  createRegistries({ providers, builders: [], runtimes: [] }).providers;
const three = () =>
  registered(
    version('2.0.0', 'name', { migrateConfig: renamed('title', 'name') }),
    version('1.0.0', 'label'),
    version('1.10.0', 'title', { migrateConfig: async (config) => renamed('label', 'title')(config) }),
    version('3.0.0-beta.1', 'beta'),
  );

t.test('the newest release is the current one, however versions were registered', async (t) => {
  const providers = three();
  t.same(providers.getProviderMetadata('app')!.versions, ['2.0.0', '1.10.0', '1.0.0', '3.0.0-beta.1']);
  t.equal(providers.getProviderMetadata('app')!.version, '2.0.0');
  t.equal(providers.getProviderMetadata('app', '1.0.0')!.version, '1.0.0');
  t.equal(providers.getProviderMetadata('app', '9.0.0'), null);
  t.equal(providers.getAllProviders().length, 1);
  t.same(newestFirst(['1.0.0-rc.1', '1.0.0-rc.10', '1.0.0-rc.9']), ['1.0.0-rc.10', '1.0.0-rc.9', '1.0.0-rc.1']);
});

t.test('each version has its own schema, validation and instances', async (t) => {
  const providers = three();
  t.equal(providers.getProviderSchema('app')!.fields[0]!.key, 'name');
  t.equal(providers.getProviderSchema('app', '1.0.0')!.fields[0]!.key, 'label');
  t.equal((await providers.validateProviderConfig('app', { label: 'x' }, { version: '1.0.0' }))!.valid, true);
  t.equal((await providers.validateProviderConfig('app', { label: 'x' }))!.valid, false);
  t.equal(await providers.validateProviderConfig('app', {}, { version: '9.0.0' }), null);
  t.ok(await providers.getProvider('app', '1.0.0'));
  t.equal(await providers.getProvider('app', '9.0.0'), null);
});

t.test('one version of one id is registered once, and the sound rest of a batch is registered', async (t) => {
  const registries = createRegistries({ providers: [version('1.0.0', 'a')], builders: [], runtimes: [] });
  const problems = [{ path: '/providers/1/version', code: 'duplicate_version' }];
  const two = version('2.0.0', 'b');
  t.match(addManifests(registries, { providers: [two, version('1.0.0', 'c')] }), {
    problems,
    manifests: { providers: [two], builders: [], runtimes: [] },
  });
  t.match(addManifests(registries, { providers: [version('3.0.0', 'b'), version('3.0.0', 'b')] }), { problems });
  const known = [{ path: '/providers/0/icon', code: 'invalid_manifest', message: '' }];
  t.match(addManifests(registries, { providers: [version('4.0.0', 'b')] }, known), { problems: [] });
  t.same(registries.providers.getProviderMetadata('app')!.versions, ['3.0.0', '2.0.0', '1.0.0']);
});

t.test('a config goes through the migration of every version on its way', async (t) => {
  const providers = three();
  const config = Object.freeze({ label: 'x', extra: 'y' });
  t.match(await providers.migrateProviderConfig('app', config, '1.0.0'), {
    from: '1.0.0',
    to: '2.0.0',
    config: { name: 'x', extra: 'y' },
    result: { valid: true },
  });
  t.match(await providers.migrateProviderConfig('app', config, '1.0.0', '1.10.0'), { config: { title: 'x' } });
  t.match(await providers.migrateProviderConfig('app', { name: 'x' }, '2.0.0'), { config: { name: 'x' } });
  t.equal(await providers.migrateProviderConfig('app', config, '1.0.0', '9.0.0'), null);
  t.equal(await providers.migrateProviderConfig('gone', config, '1.0.0'), null);
});

t.test('an entry alone can carry configs of versions that are gone', async (t) => {
  const steps = migrations(
    { to: '1.10.0', migrate: renamed('label', 'title') },
    { to: '2.0.0', migrate: renamed('title', 'name') },
  );
  const providers = registered(version('2.0.0', 'name', { migrateConfig: steps }));
  t.match(await providers.migrateProviderConfig('app', { label: 'x' }, '1.0.0'), { config: { name: 'x' } });
  t.match(await providers.migrateProviderConfig('app', { title: 'x' }, '1.10.0'), { config: { name: 'x' } });
});

t.test('a migrated config that does not fit says so, and a migration that breaks does too', async (t) => {
  const unfit = registered(version('2.0.0', 'name', { migrateConfig: () => ({ other: 1 }) }));
  const answer = await unfit.migrateProviderConfig('app', {}, '1.0.0');
  t.match(answer, { config: { other: 1 }, result: { valid: false } });
  const broken = [
    () => {
      throw new Error('boom');
    },
    () => Promise.reject(new Error('boom')),
    () => null as never,
    () => [] as never,
  ];
  for (const migrateConfig of broken) {
    const providers = registered(version('2.0.0', 'name', { migrateConfig }));
    t.match(await providers.migrateProviderConfig('app', { name: 'x' }, '1.0.0'), {
      config: { name: 'x' },
      result: { valid: false, errors: [{ path: '', code: 'migration_failed' }], config: {} },
    });
  }
  const providers = registered(version('2.0.0', 'name'));
  for (const bad of [null, 1, []]) {
    t.match(await providers.migrateProviderConfig('app', bad, '1.0.0'), { result: { valid: false } });
  }
  t.match(await providers.migrateProviderConfig('app', {}, 'one'), {
    result: { errors: [{ code: 'migration_failed' }] },
  });
});
