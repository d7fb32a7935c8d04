import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginInfo } from '@pierhead/model';
import t, { type Test } from 'tap';
import { builder, callContext, provider, sourceOf, writePlugin } from './plugin-fixture.js';

const good = (id: string, more?: { version?: string }) => `export const providers = [${provider(id, '', more)}];`;

/** Loads the plugins given as code, by name, in the order in which they stand. */
async function load(t: Test, plugins: Record<string, string>, limits = {}) {
  const root = t.testdir();
  const folders = [];
  for (const [name, code] of Object.entries(plugins)) folders.push(await writePlugin(root, name, code));
  const { source, warnings, threads } = await sourceOf(t, folders, limits);
  t.equal(threads.size, 0, 'no thread is left');
  const infos = new Map(source.plugins().map((info) => [info.name, info]));
  return {
    infos,
    warnings,
    ids: source
      .current()
      .providers.getAllProviders()
      .map(({ id }) => id),
  };
}

const faults = (info?: PluginInfo) => info?.problems.map(({ path, code }) => `${path} ${code}`);

t.test('a good plugin is registered, under the name and version of its package', async (t) => {
  const { infos, ids, warnings } = await load(t, { one: good('one') });
  t.same(ids, ['one']);
  t.match(infos.get('one'), { version: '1.0.0', entries: [{ kind: 'provider', id: 'one' }], problems: [] });
  t.same(warnings, []);
});

t.test('plugins that fail while they load are named, and the rest load', async (t) => {
  const { infos, ids, warnings } = await load(t, {
    first: good('first'),
    throws: 'throw new Error("no luck");',
    rubbish: 'throw { get message() { throw 1 } };',
    exits: `process.exit(3); ${good('exits')}`,
    later: `setTimeout(() => process.exit(4), 1); ${good('later')}`,
    rejects: `Promise.reject(new Error('unseen')); ${good('rejects')}`,
    syntax: 'export const = 1',
    spins: 'for (;;) {}',
    waits: 'await new Promise(() => {}); export {};',
    leaks: 'const all = []; for (;;) all.push(new Array(1000).fill(Math.random()));',
    last: good('last'),
  });
  t.same(ids, ['first', 'last']);
  const code = (name: string) => infos.get(name)?.problems.map((problem) => problem.code);
  t.match(infos.get('throws')?.problems, [{ path: '', code: 'plugin_not_loadable', message: /no luck/ }]);
  for (const name of ['rubbish', 'syntax']) t.same(code(name), ['plugin_not_loadable'], name);
  for (const name of ['exits', 'later', 'rejects']) t.same(code(name), ['plugin_crashed'], name);
  for (const name of ['spins', 'waits']) t.same(code(name), ['plugin_timeout'], name);
  t.same(code('leaks'), ['plugin_out_of_memory']);
  t.equal(warnings.length, 9, 'one warning for each');
});

t.test('what cannot be found says so', async (t) => {
  const { source } = await sourceOf(t, ['./nowhere', 'no-such-package', '../']);
  for (const info of source.plugins()) t.same(faults(info), [' plugin_not_found'], info.source);
});

t.test('a malformed manifest is told with the path of each fault, and left out', async (t) => {
  const { infos, ids } = await load(t, {
    empty: 'export const greeting = "hello";',
    kinds: `export const deployers = []; export const providers = [${provider('kinds', '')}];`,
    semver: `export const providers = [${provider('fine', '')}, ${provider('bad', '', { version: 'one' })}];`,
    shapeless: 'export const providers = [null, 7, {}];',
    cyclic: `const schema = { type: 'object', properties: {} }; schema.properties.self = schema;
      export const providers = [{ ...${provider('cyclic', '')}, configSchema: schema }];`,
    getter: `export const providers = [{ ...${provider('getter', '')}, get name() { throw new Error('gotcha'); } }];`,
    unloadable: `export const providers = [{ ...${provider('unloadable', '')}, load: 'yes' }];`,
  });
  t.same(ids, ['kinds', 'fine'], 'the sound ones beside it are there');
  t.match(infos.get('semver')?.entries, [{ id: 'fine', version: '1.0.0' }]);
  t.same(faults(infos.get('kinds')), ['/deployers unknown_kind']);
  t.same(faults(infos.get('semver')), ['/providers/1/version invalid_manifest']);
  t.same(faults(infos.get('cyclic')), ['/providers/0/configSchema invalid_manifest']);
  t.match(infos.get('getter')?.problems, [{ path: '/providers/0/name', message: /gotcha/ }]);
  t.same(faults(infos.get('unloadable')), ['/providers/0/load invalid_manifest']);
  t.ok(infos.get('shapeless')?.problems.length);
  t.match(infos.get('empty')?.problems, [{ code: 'invalid_manifest' }]);
});

t.test('the first plugin with an id and version has it; versions stand side by side', async (t) => {
  const { infos, ids } = await load(t, {
    one: good('same'),
    two: `export default { providers: [${provider('same', '', { version: '2.0.0' })}] };`,
    three: `export const providers = [${provider('other', '')}, ${provider('same', '')}];`,
    four: `export const builders = [${builder('same', '')}];`,
  });
  t.same(ids, ['same', 'other']);
  t.same(faults(infos.get('three')), ['/providers/1/version duplicate_version']);
  for (const name of ['one', 'two', 'four']) t.same(faults(infos.get(name)), [], name);
});

t.test('plugins that hang while they load are waited for side by side', async (t) => {
  const hanging = ['for (;;) {}', 'await new Promise(() => {}); export {};'];
  const plugins = Array.from({ length: 6 }, (_, index) => [`hangs${index}`, hanging[index % 2]!] as const);
  const started = performance.now();
  const limits = { readTogetherMs: 500, readAloneMs: 4_000 };
  const { infos, ids } = await load(
    t,
    { first: good('first'), ...Object.fromEntries(plugins), last: good('last') },
    limits,
  );
  t.ok(performance.now() - started < 4 * limits.readAloneMs, `${performance.now() - started} ms`);
  t.same(ids, ['first', 'last']);
  for (const [name] of plugins) t.match(infos.get(name)?.problems, [{ code: 'plugin_timeout' }], name);
});

t.test('an import that fails says in which file and line', async (t) => {
  const root = t.testdir();
  const files: Record<string, string> = {
    'parse.js': 'export const a = 1;\nexport const = 2;',
    'link.js': "import {\n  gone,\n} from './fine.js';",
    'throw.js': '\n\nnull.x;',
    'resolve.js': "\nimport './nowhere.js';",
    'fine.js': 'export const a = 1;',
  };
  const places: [string, RegExp][] = [
    ['parse.js', /SyntaxError: Unexpected token '=' \(at \/.*\/parse\.js:2\)/],
    ['link.js', /does not provide an export named 'gone' \(at \/.*\/link\.js:2\)/],
    ['throw.js', /TypeError: .* \(at \/.*\/throw\.js:3\)/],
    ['resolve.js', /Cannot find module .* \(at \/.*\/resolve\.js:2\)/],
  ];
  for (const [file, message] of places) {
    const lazy = `export const providers = [{ ...${provider('lazy', '')}, load: () => import('./${file}') }];`;
    const folders = [await writePlugin(root, 'eager', `import './${file}';`), await writePlugin(root, 'lazy', lazy)];
    for (const folder of folders)
      for (const [name, code] of Object.entries(files)) await writeFile(join(folder, name), code);
    const { source } = await sourceOf(t, folders, { readTogetherMs: 8_000 });
    t.match(source.plugins()[0]?.problems, [{ code: 'plugin_not_loadable', message }], file);
    const one = (await source.current().providers.getProvider('lazy'))!;
    const call = one.fetchSource({ id: 'r1' }, {}, root, callContext(root));
    await t.rejects(call, { code: 'plugin_failed', message }, `${file}, when it is needed`);
    await one.dispose?.();
  }
});
