import { array, configSchema, integer, keyvalue, password, select, Type, text } from '@pierhead/model';
import { sampleManifests } from '@pierhead/testing';
import t from 'tap';
import { checkManifests } from './check-manifests.js';
import { createRegistries } from './create-registries.js';

const manifest = (changes: object = {}) => ({ ...sampleManifests().providers[0]!, ...changes });
const pathsOf = (changes: object) => checkManifests({ providers: [manifest(changes)] }).map(({ path }) => path);
const inSchema = (schema: unknown) =>
  pathsOf({ configSchema: schema }).map((path) => path.replace('/providers/0/configSchema', ''));
const field = (keywords: object) => ({ type: 'object', properties: { a: { ...text({ label: 'A' }), ...keywords } } });
const ui = (keys: object) => field({ ui: { type: 'text', label: 'A', ...keys } });
const at = (end: string) => [`/properties/a/${end}`];

t.test('what a plugin exports is a set of lists of known kinds', async (t) => {
  t.same(checkManifests({ providers: [manifest()] }), []);
  t.match(checkManifests({ providers: [manifest()], themes: [] }), [{ path: '/themes', code: 'unknown_kind' }]);
  t.match(checkManifests({}), [{ path: '', code: 'invalid_manifest' }]);
  t.match(checkManifests({ builders: {} }), [{ path: '/builders' }]);
  for (const nothing of [null, undefined, 1, 'x', [], () => 1]) t.match(checkManifests(nothing), [{ path: '' }]);
});

t.test('the parts of a manifest', async (t) => {
  for (const version of ['1', '1.0', 'v1.0.0', ' 1.0.0', '1.0.0+build', '1.0.0-01', ''])
    t.same(pathsOf({ version }), ['/providers/0/version'], version);
  t.same(pathsOf({ version: '1.0.0-beta.1' }), []);
  t.same(pathsOf({ migrateConfig: 'x' }), ['/providers/0/migrateConfig']);
  t.same(pathsOf({ migrateConfig: (config: object) => config, deprecated: 'Use Git.' }), []);
  t.same(pathsOf({ deprecated: '' }), ['/providers/0/deprecated']);
  t.same(pathsOf({ load: undefined }), ['/providers/0/load']);
});

t.test('keys that every object inherits, or that are none of a field, are refused', async (t) => {
  for (const key of ['__proto', 'constructor', 'prototype', 'toString', 'a-b', '1a', 'a.b']) {
    t.same(inSchema({ type: 'object', properties: { [key]: text({ label: 'A' }) } }), [`/properties/${key}`]);
  }
  const hostile = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}');
  t.same(inSchema(hostile), ['/properties/__proto__']);
});

t.test('the keys of ui', async (t) => {
  t.same(inSchema(ui({ colour: 'red' })), at('ui/colour'));
  t.same(inSchema(ui({ label: '' })), at('ui/label'));
  t.same(inSchema(ui({ type: 'file' })), at('ui/type'));
  t.same(inSchema(ui({ order: 'first' })), at('ui/order'));
  t.same(inSchema(ui({ normalize: ['reverse'] })), at('ui/normalize'));
  t.same(inSchema(ui({ deprecated: true })), at('ui/deprecated'));
  t.same(inSchema(ui({ immutable: 'yes' })), at('ui/immutable'));
  t.same(inSchema(ui({ secret: true })), at('ui/secret'));
  t.same(inSchema(configSchema({ a: keyvalue({ label: 'A', secret: true }) })), []);
  t.same(inSchema(configSchema({ a: keyvalue({ label: 'A', secret: true, default: {} }) })), at('default'));
  t.same(inSchema(ui({ type: 'integer' })), at('type'));
  t.same(inSchema(field({ ui: undefined })), at('ui'));
  t.same(inSchema(configSchema({ a: select({ label: 'A', options: [] }) })), at('enum'));
  t.same(inSchema(configSchema({ a: password({ label: 'A', default: 'x' }) })), at('default'));
});

t.test('conditions have one known kind and name fields beside them', async (t) => {
  const visible = (visibleWhen: unknown) => inSchema(ui({ visibleWhen }));
  t.same(visible({ field: 'a', equals: 1 }), at('ui/visibleWhen'), 'its own');
  t.same(visible({ field: 'gone', equals: 1 }), at('ui/visibleWhen/field'));
  t.same(visible({ field: 'gone', matches: 'x' }), at('ui/visibleWhen'));
  t.same(visible({ all: [] }), at('ui/visibleWhen/all'));
  t.same(visible({ any: [{ not: { field: 'gone', present: 1 } }] }), [
    ...at('ui/visibleWhen/any/0/not/field'),
    ...at('ui/visibleWhen/any/0/not/present'),
  ]);
  t.same(visible({ field: 'a', equals: {} }), at('ui/visibleWhen/equals'));
  t.same(visible({ field: 'a', in: [] }), at('ui/visibleWhen/in'));
  t.same(visible({ field: 'a', compare: '~', to: 'b' }), [...at('ui/visibleWhen/to'), ...at('ui/visibleWhen/compare')]);
  t.same(visible({ field: 'a', equals: 1, extra: 1 }), at('ui/visibleWhen/extra'));
  t.same(visible('a'), at('ui/visibleWhen'));
  const deep = Array.from({ length: 12 }).reduce<unknown>((inner) => ({ not: inner }), { field: 'a', equals: 1 });
  t.match(visible(deep).join(), /not\/not/);
});

t.test('whether a field is visible must not depend on itself', async (t) => {
  const when = (field: string) => Type.Optional(text({ label: field, visibleWhen: { field, present: true } }));
  t.same(inSchema(configSchema({ a: when('b'), b: when('c'), c: when('a'), d: when('a') })), [
    '/properties/a/ui/visibleWhen',
    '/properties/b/ui/visibleWhen',
    '/properties/c/ui/visibleWhen',
  ]);
});

t.test('rules name fields of their object and say something', async (t) => {
  const rules = [{ assert: { field: 'b', equals: 1 }, field: 'c', message: '', extra: 1 }, 'x'];
  t.same(inSchema({ ...field({}), rules }), [
    '/rules/0/extra',
    '/rules/0/assert/field',
    '/rules/0/field',
    '/rules/0/message',
    '/rules/1',
  ]);
  t.same(inSchema({ ...field({}), rules: {}, groups: [{ id: 1 }] }), ['/groups', '/rules']);
});

t.test('entries of lists hold neither secrets nor immutable fields', async (t) => {
  const entry = Type.Object({ key: password({ label: 'K' }), name: text({ label: 'N', immutable: true }) });
  t.same(inSchema(configSchema({ a: array(entry, { label: 'A' }) })), [
    ...at('items/properties/key'),
    ...at('items/properties/name/ui/immutable'),
  ]);
});

t.test('schemas are bounded, refer to nothing, and their keywords mean something', async (t) => {
  const deep = (levels: number): object =>
    levels === 0 ? text({ label: 'A' }) : { type: 'object', properties: { a: deep(levels - 1) } };
  t.same(inSchema(deep(7)), []);
  t.match(inSchema(deep(10)).join(), /^(\/properties\/a){9}$/);
  const cyclic: Record<string, unknown> = { type: 'object', properties: {} };
  cyclic.properties = { a: cyclic };
  t.match(inSchema(cyclic).join(), /(\/properties\/a)+/);
  const many = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`a${index}`, integer({ label: 'A' })]));
  t.same(inSchema(configSchema(many)), ['/properties']);
  t.same(inSchema(field({ $ref: '#' })), at('$ref'));
  t.same(inSchema(field({ maxLength: -1 })), at('maxLength'));
  t.same(inSchema({ ...field({}), required: ['b'] }), ['/required']);
  t.same(inSchema({ type: 'object', properties: { a: 1 } }), ['/properties/a']);
});

const exponential = ['^(a+)+$', '^(a|aa)+$', '(x+x+)+y', '^(\\w+\\s?)*$', '^(([a-z])+.)+[A-Z]([a-z])+$', '^(?=(a+)+$)'];
const polynomial = ['\\s+$', '^\\s*(.*)\\s*$', '^\\d+\\d+$', '^.*a.*b.*c$', '^a*a*$'];
const harmless = [
  '^[a-z0-9]+(?:-[a-z0-9]+)*$',
  '^v?\\d+(\\.\\d+){0,2}$',
  '^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$',
  '^(?!-)[a-z-]+$',
];

t.test('patterns that a hostile text could keep busy are refused, others are not', async (t) => {
  for (const pattern of [...exponential, ...polynomial]) t.same(inSchema(field({ pattern })), at('pattern'), pattern);
  for (const pattern of harmless) t.same(inSchema(field({ pattern })), [], pattern);
  t.same(inSchema(field({ pattern: '[' })), at('pattern'));
  t.same(inSchema(field({ pattern: 'a'.repeat(3_000) })), at('pattern'));
  const map = keyvalue({ label: 'A', keyPattern: '^(a+)+$' });
  t.same(inSchema(configSchema({ a: map })), at('propertyNames/pattern'));
});

t.test('a thousand manifests are registered in no time', async (t) => {
  const providers = Array.from({ length: 1_000 }, (_, index) => manifest({ id: `p-${index}` }));
  const started = performance.now();
  createRegistries({ providers, builders: [], runtimes: [] });
  t.ok(performance.now() - started < 1_000, 'a busy machine takes ten times as long as an idle one');
});

t.test('a sound provider is no sound builder', async (t) => {
  const provider = manifest();
  const { builders } = createRegistries({ providers: [provider], builders: [], runtimes: [] });
  t.throws(() => builders.registerBuilder(provider as never), { code: 'invalid_manifest' });
});
