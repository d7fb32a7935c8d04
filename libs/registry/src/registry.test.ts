import { configSchema, defineProvider, text, UserError } from '@pierhead/model';
import { sampleManifests } from '@pierhead/testing';
import t from 'tap';
import { createRegistries } from './create-registries.js';

const build = () => {
  const manifests = sampleManifests();
  return { loads: manifests.loads, manifests, ...createRegistries(manifests) };
};

const faulty = (changes: object) => ({ ...sampleManifests().providers[0]!, ...changes });

t.test('listing, schemas, compatibility and validation never load an implementation', async (t) => {
  const { providers, builders, runtimes, loads } = build();
  for (let round = 0; round < 1_000; round++) {
    providers.getAllProviders();
    providers.getProviderSchema('sample-git');
    builders.getCompatibleProviders('sample-image');
    runtimes.getCompatibleBuilders('sample-container');
  }
  await providers.validateProviderConfig('sample-git', { repository: 'https://example.com/a.git' });
  t.same(loads, {});
});

t.test('an implementation is loaded once and each instance is fresh', async (t) => {
  const { providers, loads } = build();
  const [one, two] = await Promise.all([providers.getProvider('sample-git'), providers.getProvider('sample-git')]);
  t.ok(one);
  t.not(one, two);
  t.same(loads, { 'sample-git': 1 });
});

t.test('a load that failed is tried again', async (t) => {
  let broken = true;
  const load = async () => {
    if (broken) throw new Error('no module');
    return () => ({}) as never;
  };
  const { providers } = createRegistries({ ...sampleManifests(), providers: [faulty({ load })] });
  await t.rejects(providers.getProvider('sample-git'), { code: 'provider_not_loadable' });
  broken = false;
  t.ok(await providers.getProvider('sample-git'));
});

t.test('what is absent is null', async (t) => {
  const { providers, builders, runtimes } = build();
  for (const id of ['nothing', '', '__proto__', 'constructor', 'toString']) {
    t.equal(providers.getProviderMetadata(id), null);
    t.equal(providers.getProviderSchema(id), null);
    t.equal(await providers.getProvider(id), null);
    t.equal(await providers.validateProviderConfig(id, {}), null);
    t.same(providers.getCompatibleBuilders(id), []);
    t.equal(builders.getBuilderMetadata(id), null);
    t.equal(await runtimes.getRuntime(id), null);
  }
  t.equal(providers.getProviderSchema('sample-git', '9.9.9'), null);
});

t.test('metadata tells what is offered and in which versions', async (t) => {
  const { providers, builders, runtimes } = build();
  t.match(providers.getProviderMetadata('sample-git'), {
    id: 'sample-git',
    version: '1.2.0',
    versions: ['1.2.0'],
    enabled: true,
    produces: 'tree',
  });
  t.match(builders.getBuilderMetadata('sample-files'), { accepts: ['site', 'tree'], produces: 'files' });
  t.match(runtimes.getRuntimeMetadata('sample-container'), { accepts: ['image'] });
});

t.test('compatibility is the same from both sides', async (t) => {
  const { providers, builders, runtimes } = build();
  for (const provider of providers.getAllProviders()) {
    for (const builder of builders.getAllBuilders()) {
      const forward = providers.getCompatibleBuilders(provider.id).some(({ id }) => id === builder.id);
      const backward = builders.getCompatibleProviders(builder.id).some(({ id }) => id === provider.id);
      t.equal(forward, backward, `${provider.id} and ${builder.id}`);
    }
  }
  for (const builder of builders.getAllBuilders()) {
    for (const runtime of runtimes.getAllRuntimes()) {
      const forward = builders.getCompatibleRuntimes(builder.id).some(({ id }) => id === runtime.id);
      const backward = runtimes.getCompatibleBuilders(runtime.id).some(({ id }) => id === builder.id);
      t.equal(forward, backward, `${builder.id} and ${runtime.id}`);
    }
  }
  t.same(
    providers.getCompatibleBuilders('sample-site').map(({ id }) => id),
    ['sample-files'],
  );
});

t.test('a changed answer does not change the registry', async (t) => {
  const { providers } = build();
  providers.getAllProviders()[0]!.tags.push('changed');
  providers.getProviderSchema('sample-git')!.fields.length = 0;
  t.same(providers.getProviderMetadata('sample-git')!.tags, ['test']);
  t.ok(providers.getProviderSchema('sample-git')!.fields.length > 0);
});

t.test('malformed manifests are refused with the paths of all faults', async (t) => {
  const field = text({ label: '', default: 'x', maxLength: 0, visibleWhen: { field: 'gone', equals: 1 } });
  const cases: [object | null, string[]][] = [
    [null, ['/providers/0']],
    [faulty({ id: 'Bad Id', produces: 'soup' }), ['/providers/0/id', '/providers/0/produces']],
    [faulty({ version: 'one' }), ['/providers/0/version']],
    [faulty({ load: null }), ['/providers/0/load']],
    [
      faulty({ configSchema: configSchema({ field }) }),
      ['label', 'visibleWhen/field'].map((end) => `/providers/0/configSchema/properties/field/ui/${end}`),
    ],
    [
      faulty({ configSchema: { type: 'object', properties: { 'a.b': {} } } }),
      ['/providers/0/configSchema/properties/a.b'],
    ],
    [
      faulty({ configSchema: { type: 'string' } }),
      ['/providers/0/configSchema/properties', '/providers/0/configSchema/type'],
    ],
  ];
  for (const [manifest, paths] of cases) {
    try {
      createRegistries({ providers: [manifest as never], builders: [], runtimes: [] });
      t.fail('was registered');
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      t.same(error.problems.map(({ path }) => path).sort(), paths.sort());
      for (const path of paths) t.ok(error.message.includes(path));
    }
  }
});

t.test('a version of an id is registered once', async (t) => {
  const { providers, manifests } = build();
  t.throws(() => providers.registerProvider(manifests.providers[0]!), { code: 'duplicate_version' });
  t.equal(providers.getAllProviders().length, 2);
});

t.test('a registry can be filled one manifest at a time', async (t) => {
  const { providers } = createRegistries({ providers: [], builders: [], runtimes: [] });
  const manifest = sampleManifests().providers[1]!;
  providers.registerProvider(defineProvider(manifest));
  t.same(
    providers.getAllProviders().map(({ id }) => id),
    ['sample-site'],
  );
});
