import {
  array,
  type CallContext,
  configSchema,
  integer,
  json,
  keyvalue,
  multiselect,
  Type,
  text,
  textarea,
  UserError,
  url,
} from '@pierhead/model';
import { sampleManifests } from '@pierhead/testing';
import fc from 'fast-check';
import t from 'tap';
import { describeConfig } from './config-schema.js';
import { createRegistries } from './create-registries.js';
import { configValidator } from './validate-config.js';

const validatorOf = (schema: ReturnType<typeof configSchema>) =>
  configValidator(
    schema,
    describeConfig({ id: 'x', version: '1.0.0', name: 'X', description: 'X', configSchema: schema }),
  );

const git = (() => {
  const { configSchema } = sampleManifests().providers[0]!;
  return validatorOf(configSchema);
})();
const repository = 'https://example.com/app.git';
const codes = (result: { errors: { path: string; code: string }[] }) =>
  result.errors.map(({ path, code }) => `${path} ${code}`).sort();

t.test('fills in defaults without touching the input', async (t) => {
  const input = Object.freeze({ repository });
  const result = git(input);
  t.same(result, { valid: true, errors: [], warnings: [], config: { repository, branch: 'main', access: 'public' } });
  t.same(input, { repository });
});

t.test('reports every error at once and calls fields by their labels', async (t) => {
  const result = git({ repository: 'not a url', branch: 5, access: 'root', 'ot/her': 1 });
  t.same(codes(result), ['/access not_an_option', '/branch type', '/ot~1her unknown_key', '/repository format']);
  t.equal(result.errors.find(({ path }) => path === '/branch')?.message, 'Branch must be text.');
  t.match(result.errors.find(({ path }) => path === '/access')?.message, /^Access must be one of "public", "token"\.$/);
  t.equal(result.valid, false);
});

t.test('an entry of a list is called by its place, counted from one, and its fields by their labels', async (t) => {
  const validate = validatorOf(
    configSchema({
      names: array(Type.String(), { label: 'Names' }),
      headers: array(configSchema({ name: text({ label: 'Header name', minLength: 1 }) }), { label: 'Headers' }),
    }),
  );
  const { errors } = validate({ names: ['a', 1], headers: [{ name: 'x' }, {}] });
  t.same(errors.map(({ path, message }) => `${path}: ${message}`).sort(), [
    '/headers/1/name: Headers 2: Header name is required.',
    '/names/1: Names 2 must be text.',
  ]);
});

t.test('a hidden field is neither required nor kept, and a shown one is enforced', async (t) => {
  t.same(git({ repository, token: 'leftover' }).config, { repository, branch: 'main', access: 'public' });
  t.same(codes(git({ repository, access: 'token' })), ['/token required']);
  t.same(codes(git({ repository, access: 'token', token: '' })), ['/token required']);
  t.equal(git({ repository, access: 'token', token: 'secret' }).valid, true);
});

t.test('a field that only a hidden field would show is hidden too', async (t) => {
  const validate = validatorOf(
    configSchema({
      a: text({ label: 'A' }),
      b: Type.Optional(text({ label: 'B', visibleWhen: { field: 'a', equals: 'on' } })),
      c: Type.Optional(text({ label: 'C', visibleWhen: { field: 'b', present: true } })),
    }),
  );
  t.same(validate({ a: 'off', b: 'x', c: 'y' }).config, { a: 'off' });
  t.same(validate({ a: 'on', b: 'x', c: 'y' }).config, { a: 'on', b: 'x', c: 'y' });
});

t.test('missing and blank required values are the same fault', async (t) => {
  t.same(codes(git({})), ['/repository required']);
  t.same(codes(git({ repository: '' })), ['/repository required']);
});

t.test('a URL must be one that can be parsed', async (t) => {
  for (const value of ['http://', 'https://[', 'example.com', '/x', 'https://exa mple.com']) {
    t.same(codes(git({ repository: value })), ['/repository format'], value);
  }
});

t.test('lists, maps and objects inside are checked in depth', async (t) => {
  const validate = validatorOf(
    configSchema({
      rules: array(Type.Object({ from: Type.String({ minLength: 1 }), status: Type.Integer({ default: 301 }) }), {
        label: 'Redirects',
        default: [],
        maxItems: 2,
      }),
      env: keyvalue({ label: 'Variables', default: {} }),
      tags: Type.Optional(multiselect({ label: 'Tags', options: [{ value: 'a', label: 'A' }] })),
      health: Type.Optional(Type.Object({ seconds: integer({ label: 'Seconds', minimum: 1 }) })),
    }),
  );
  t.same(validate({ rules: [{ from: '/a' }] }).config, { rules: [{ from: '/a', status: 301 }], env: {} });
  const result = validate({
    rules: [{ from: '', x: 1 }],
    env: { 'a b': '1', ok: 2 },
    tags: ['a', 'a'],
    health: { seconds: 0 },
  });
  t.same(codes(result), [
    '/env/a b bad_key',
    '/env/ok type',
    '/health/seconds minimum',
    '/rules/0/from required',
    '/rules/0/x unknown_key',
    '/tags duplicate',
  ]);
  t.match(result.errors.find(({ path }) => path === '/health/seconds')?.message, /^Seconds must be at least 1/);
});

t.test('says in words what a pattern wants', async (t) => {
  const validate = validatorOf(
    configSchema({ name: text({ label: 'Name', pattern: '^[a-z]+$', patternHint: 'use lower-case letters only.' }) }),
  );
  t.equal(validate({ name: 'A1' }).errors[0]?.message, 'Name: use lower-case letters only.');
});

t.test('refuses what is no JSON object', async (t) => {
  for (const value of [null, undefined, 1, 'x', [], true, new Date(), new Map(), () => 1, Symbol('x'), 10n]) {
    t.same(codes(git(value)), [' type']);
  }
});

const everything = validatorOf(
  configSchema({
    line: text({ label: 'Line' }),
    lines: Type.Optional(textarea({ label: 'Lines' })),
    link: Type.Optional(url({ label: 'Link' })),
    any: Type.Optional(json({ label: 'Any' })),
    map: Type.Optional(keyvalue({ label: 'Map' })),
    list: Type.Optional(array(Type.String(), { label: 'List' })),
  }),
);

t.test('prototype keys are refused and change nothing', async (t) => {
  for (const text of ['{"__proto__":{"polluted":1}}', '{"any":{"__proto__":{"polluted":1}}}', '{"constructor":1}']) {
    const result = everything(JSON.parse(text));
    t.match(codes(result).join(), /unknown_key/);
    t.notOk('polluted' in result.config);
  }
  t.notOk('polluted' in {});
});

t.test('nesting, size and length are bounded', async (t) => {
  const deep = JSON.parse(`${'{"any":'.repeat(100_000)}1${'}'.repeat(100_000)}`);
  t.match(codes(everything(deep)).join(), /too_deep/);
  const cyclic: Record<string, unknown> = { line: 'x' };
  cyclic.any = cyclic;
  t.match(codes(everything(cyclic)).join(), /too_deep/);
  t.match(codes(everything({ line: 'x', list: Array(1_000_000).fill('x') })).join(), /too_large/);
  t.same(codes(everything({ line: 'x'.repeat(10_000_000) })), ['/line too_long']);
  t.same(codes(everything({ line: 'x', ['k'.repeat(1_000_000)]: 1 })), [' bad_key']);
  t.match(codes(everything({ line: 'x', list: Array(500_000) })).join(), /too_large/);
});

t.test('answers a thousand random and hostile configs in bounded time', async (t) => {
  const hostileKey = fc.constantFrom('line', 'lines', 'link', 'any', 'map', 'list', 'constructor', 'toString', '');
  const hostile = fc.oneof(
    fc.anything({ withNullPrototype: true, withMap: true, withDate: true, withSparseArray: true, withBigInt: true }),
    fc.dictionary(hostileKey, fc.anything({ maxDepth: 5 })),
    fc.dictionary(hostileKey, fc.oneof(fc.string({ unit: 'binary', size: 'large' }), fc.webUrl())),
    fc.json().map((text) => JSON.parse(text)),
  );
  const property = fc.property(hostile, (config) => {
    const started = performance.now();
    const result = everything(config);
    const again = result.valid ? everything(result.config) : result;
    if (performance.now() - started > 500) throw new Error('too slow');
    return result.valid === (result.errors.length === 0) && again.valid === result.valid;
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1_000 }));
});

const context = { signal: new AbortController().signal } as CallContext;

t.test('a deep validation asks the implementation, and only about configs that fit', async (t) => {
  const manifests = sampleManifests();
  const { providers } = createRegistries(manifests);
  await providers.validateProviderConfig('sample-git', {}, { context });
  t.same(manifests.loads, {});
  const bad = await providers.validateProviderConfig(
    'sample-git',
    { repository: 'https://x.test/missing' },
    { context },
  );
  t.same(codes(bad!), ['/repository repository_not_found']);
  t.equal((await providers.validateProviderConfig('sample-git', { repository }, { context }))?.valid, true);
});

t.test('what cannot be asked is a warning, and a user error is an error', async (t) => {
  const asking = (error: Error) => {
    const manifests = sampleManifests();
    const load = async () => () => ({ validateConfig: () => Promise.reject(error) }) as never;
    const manifest = { ...manifests.providers[0]!, load };
    return createRegistries({ ...manifests, providers: [manifest] }).providers;
  };
  const broken = asking(new Error('socket hang up'));
  t.match(await broken.validateProviderConfig('sample-git', { repository }, { context }), {
    valid: true,
    warnings: [{ path: '', code: 'not_checked' }],
  });
  const refused = asking(new UserError('no_access', 'The token does not reach it.'));
  t.match(await refused.validateProviderConfig('sample-git', { repository }, { context }), {
    valid: false,
    errors: [{ path: '', code: 'no_access' }],
  });
});

t.test('a deep validation that never answers ends with its signal', async (t) => {
  const manifests = sampleManifests();
  const load = async () => () => ({ validateConfig: () => new Promise(() => {}) }) as never;
  const manifest = { ...manifests.providers[0]!, load };
  const { providers } = createRegistries({ ...manifests, providers: [manifest] });
  const stopped = { signal: AbortSignal.abort() } as CallContext;
  t.match(await providers.validateProviderConfig('sample-git', { repository }, { context: stopped }), {
    valid: true,
    warnings: [{ code: 'not_checked' }],
  });
});

t.test('a deep validation lets go of the instance that it asked', async (t) => {
  const manifests = sampleManifests();
  const held = new Set<object>();
  const load = async () => () => {
    const instance = { validateConfig: async () => [], dispose: async () => void held.delete(instance) };
    held.add(instance);
    return instance as never;
  };
  const manifest = { ...manifests.providers[0]!, load };
  const { providers } = createRegistries({ ...manifests, providers: [manifest] });
  t.equal((await providers.validateProviderConfig('sample-git', { repository }, { context }))?.valid, true);
  t.equal(held.size, 0);
});

t.test('an implementation that cannot be loaded leaves a warning', async (t) => {
  const manifests = sampleManifests();
  const manifest = { ...manifests.providers[0]!, load: () => Promise.reject(new Error('no module')) };
  const { providers } = createRegistries({ ...manifests, providers: [manifest] });
  t.match(await providers.validateProviderConfig('sample-git', { repository }, { context }), {
    valid: true,
    warnings: [{ code: 'not_checked' }],
  });
});
