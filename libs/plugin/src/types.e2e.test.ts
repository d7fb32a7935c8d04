import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

t.setTimeout(300_000);
const home = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(home, '../../node_modules/typescript/bin/tsc');

const run = (args: string[], cwd: string) =>
  new Promise<string>((resolve) => execFile(process.execPath, args, { cwd }, (_, out, err) => resolve(out + err)));

const plugin = (config: string) => `
import { configSchema, defineProvider, integer, migrations, type Provider, text, UserError } from '@pierhead/plugin';
class Greeting implements Provider<${config}> {
  async resolveRevision({ name }: ${config}) {
    if (name === '') throw new UserError('nobody', 'There is nobody to greet.');
    return { id: name };
  }
  async fetchSource(_: unknown, _config: unknown, path: string) {
    return { kind: 'site' as const, path };
  }
}
export const providers = [
  defineProvider({
    id: 'greeting', version: '1.1.0', name: 'Greeting', description: 'Greets.', icon: 'smile', category: 'files', tags: [],
    produces: 'site', configSchema: configSchema({ name: text({ label: 'Name' }), times: integer({ label: 'Times' }) }),
    migrateConfig: migrations({ to: '1.1.0', migrate: (config) => ({ ...config, times: 1 }) }),
    load: async () => () => new Greeting(),
  }),
];
`;

t.test('an author in TypeScript gets types, and is told when config and schema differ', async (t) => {
  t.equal(await run([tsc, '-p', 'tsconfig.types.json'], home), '');
  await run(['link-types.mjs'], home);
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-types-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'node_modules/@pierhead'), { recursive: true });
  await symlink(home, join(folder, 'node_modules/@pierhead/plugin'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const compile = async (config: string) => {
    await writeFile(join(folder, 'index.ts'), plugin(config));
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
    return run([tsc, ...flags, 'index.ts'], folder);
  };
  t.equal(await compile('{ name: string; times: number }'), '');
  t.match(await compile('{ name: number }'), /error TS/);
});
