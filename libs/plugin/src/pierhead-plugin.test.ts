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

/** A plugin with one provider; `change` goes over its manifest, `methods` over what it does. */
async function folderWith(t: Test, { before = '', change = '', methods = '' }) {
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
  const fixtures = 'export const providers = { test: { prepare: () => ({ config: {} }) } };';
  await writeFile(join(folder, 'conformance.js'), fixtures);
  return folder;
}

t.test('the example plugins conform', async (t) => {
  for (const name of ['inline', 'markdown']) {
    const { code, out } = await run('check', join(examples, name));
    t.equal(code, 0, out);
    t.match(out, /9 checks, all of them hold/);
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

t.test('help is help, and nonsense is refused', async (t) => {
  t.match(await run('--help'), { code: 0, out: /^Usage: pierhead-plugin check/ });
  for (const args of [[], ['deploy'], ['check', 'a', 'b'], ['check', '--fast']])
    t.match(await run(...args), { code: 2, out: /^Usage/ });
});
