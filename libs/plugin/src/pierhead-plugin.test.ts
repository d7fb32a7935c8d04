import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';

const command = fileURLToPath(new URL('./pierhead-plugin.js', import.meta.url));
const examples = fileURLToPath(new URL('../../../examples/plugins', import.meta.url));

const run = (...args: string[]) =>
  new Promise<{ code: number; out: string }>((resolve) => {
    const child = execFile(process.execPath, [command, ...args], (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, out: stdout + stderr }),
    );
  });

const tried = 'export const providers = { test: { prepare: () => ({ config: {} }) } };';

/** A plugin with one provider; `change` goes over its manifest, `methods` over what it does. */
async function folderWith(t: Test, { before = '', change = '', methods = '', conformance = tried }) {
  const folder = join(t.testdir(), 'plugin');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "name": "test", "version": "1.0.0", "type": "module" }');
  await writeFile(
    join(folder, 'index.js'),
    `${before} export const providers = [{ id: 'test', version: '1.0.0', name: 'Test', description: 'For tests.', icon: 'box',
      category: 'test', tags: [], produces: 'tree', configSchema: { type: 'object', properties: {} },
      load: async () => () => ({ async resolveRevision() { return { id: 'r' } },
        async fetchSource(revision, config, path) { return { kind: 'tree', path } }, ${methods} }), ${change} }];`,
  );
  await writeFile(join(folder, 'conformance.js'), conformance);
  return folder;
}

t.test('the example plugins conform', async (t) => {
  for (const name of ['inline', 'markdown']) {
    const { code, out } = await run('check', join(examples, name));
    t.equal(code, 0, out);
    t.match(out, /9 checks: all that were tried hold/);
  }
});

t.test('faults are told with their paths', async (t) => {
  const { code, out } = await run('check', await folderWith(t, { change: "version: 'one', produces: 'song'" }));
  t.equal(code, 1);
  t.match(out, /✗ \/providers\/0\/produces/);
  const crashed = await run('check', await folderWith(t, { before: 'process.exit(0);' }));
  t.equal(crashed.code, 1);
  t.match(crashed.out, /plugin_crashed/);
});

t.test('a contract that is broken is told by its name', async (t) => {
  const { code, out } = await run('check', await folderWith(t, {}));
  t.equal(code, 1);
  t.match(out, /✗ stops when it is told to/);
  t.match(out, /✗ fetches a revision, and the same files whenever it does\n {6}it fetched something/);
});

t.test('an implementation that cannot be used is told, with the cure', async (t) => {
  const load = (implementation: string) => `load: () => import('data:text/javascript,${implementation}')`;
  const faults: [string, RegExp, string][] = [
    ['a syntax error', /No instance can be made\..*SyntaxError/, `${load('export const = 1')}.then((m) => m.make)`],
    ['a wrong export', /load\(\) answered undefined, not a function/, `${load('')}.then((m) => m.make)`],
    ['no instance', /made undefined, not an instance/, 'load: async () => () => {}'],
    [
      'a missing method',
      /no method fetchSource; it has resolveRevision, fetch\./,
      'load: async () => () => new (class { resolveRevision() {} fetch() {} })()',
    ],
  ];
  for (const [name, message, change] of faults) {
    const { code, out } = await run('check', await folderWith(t, { change, conformance: '' }));
    t.equal(code, 1, name);
    t.match(out, /✗ an instance can be made, is fresh and has every method/, name);
    t.match(out, message, name);
    t.match(out, /load\(\) imports the implementation|every method of its contract/, `${name}: the cure`);
    t.match(out, /1 do not hold/, name);
  }
});

t.test('what was not tried is shown, and counted', async (t) => {
  const alone = await run('check', await folderWith(t, { conformance: '' }));
  t.match(alone, { code: 0, out: /9 checks: 3 not tried, all that were tried hold/ });
  t.match(alone.out, /- stops when it is told to: not tried, conformance.js has nothing for it/);
  const { out } = await run('check', await folderWith(t, {}));
  t.match(out, /- what does not exist is the error of the user: not tried, its fixture names nothing that is missing/);
  t.match(out, /1 not tried/);
});

t.test('a plugin that breaks down has not said that its user is wrong', async (t) => {
  const conformance = 'export const providers = { test: { prepare: () => ({ config: {}, missing: {} }) } };';
  const methods = 'async resolveRevision() { throw new TypeError("oops"); }';
  const { out } = await run('check', await folderWith(t, { methods, conformance }));
  t.match(out, /✗ what does not exist is the error of the user\n {6}It threw no UserError: .*oops/);
});

t.test('faults of conformance.js are told in words', async (t) => {
  const prepared = (answer: string) => `export const providers = { test: { prepare: () => (${answer}) } };`;
  const faults: [string, RegExp][] = [
    [
      'throw new Error("no luck")',
      /✗ conformance\.js cannot be imported: Error: no luck \(at .*conformance\.js:1:\d+\)/,
    ],
    ['export const = 1', /✗ conformance\.js cannot be imported: SyntaxError/],
    [tried.replace('providers', 'provider'), /✗ conformance\.js exports provider; it can export providers, /],
    [
      tried.replace('test', 'tset'),
      /✗ conformance\.js has a fixture for "tset" in providers.*It has test, test@1\.0\.0\./,
    ],
    [tried.replace('test', "'test@2.0.0'"), /has a fixture for "test@2\.0\.0"/],
    ['export const providers = { test: {} };', /✗ The fixture for "test" in providers .* has no function prepare/],
    [
      prepared('{ config: { nme: 1 } }'),
      /The fixture gives a config that the configSchema refuses:\n {6}config\/nme: /,
    ],
    [prepared('{ config: {}, missing: { config: { x: 1 } } }'), /missing\.config\/x: /],
    [prepared('null.x'), /prepare\(\) of the fixture failed: TypeError: .* \(at .*conformance\.js:1:\d+\)/],
    [prepared('undefined'), /prepare\(\) of the fixture failed: .*answered undefined, not an object/],
  ];
  for (const [conformance, message] of faults) {
    const { code, out } = await run('check', await folderWith(t, { conformance }));
    t.equal(code, 1, conformance);
    t.match(out, message, conformance);
  }
});

t.test('a version has the fixture of its own, if there is one', async (t) => {
  const conformance = `export const providers = {
    'test@1.0.0': { skip: 'its own', prepare() {} }, test: { skip: 'that of all', prepare() {} } };`;
  const { out } = await run('check', await folderWith(t, { conformance }));
  t.match(out, /not tried, its own/);
  t.notMatch(out, /that of all/);
});

t.test('help is help, and nonsense is refused', async (t) => {
  t.match(await run('--help'), { code: 0, out: /^Usage: pierhead-plugin check/ });
  for (const args of [[], ['deploy'], ['check', 'a', 'b'], ['check', '--fast']])
    t.match(await run(...args), { code: 2, out: /^Usage/ });
});
