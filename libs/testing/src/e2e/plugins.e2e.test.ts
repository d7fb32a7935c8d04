import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { stackIsGiven, testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { freshName } from './scenarios.js';

t.setTimeout(300_000);
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const run = promisify(execFile);
const names = ['pierhead-provider-inline', 'pierhead-builder-markdown'];

/** A folder of somebody else's, with the SDK and both examples installed from their tarballs, without a network. */
async function installed(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-plugins-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const packages = ['libs/plugin', 'node_modules/typebox', 'examples/plugins/inline', 'examples/plugins/markdown'];
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', [...pack, ...packages.map((path) => join(root, path))], { cwd: folder });
  const tarballs = (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) => `./${filename}`);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs], {
    cwd: folder,
  });
  return folder;
}

interface Field {
  key: string;
  type: string;
  items?: Field[];
}

/** Somebody who knows the schemas only: a config with the texts given, wherever a field of that key is. */
function fill(fields: readonly Field[], texts: Record<string, string>): Record<string, unknown> {
  const value = ({ key, type, items }: Field) => (type === 'array' ? [fill(items ?? [], texts)] : texts[key]);
  return Object.fromEntries(fields.map((field) => [field.key, value(field)]));
}

const skip = stackIsGiven() && 'the topology is given, plugins would have to be installed in it';

t.test('plugins installed beside Pierhead deploy a service, and are updated while it runs', { skip }, async (t) => {
  const directory = await installed(t);
  const { api, gatewayUrl } = await testStack(t, { plugins: { names, directory } });
  const plugins = (await api.get('/plugins')).body;
  t.match(plugins, [
    { name: names[0], version: '1.0.0', entries: [{ kind: 'provider', id: 'inline', version: '1.0.0' }], problems: [] },
    { name: names[1], version: '1.0.0', entries: [{ kind: 'builder', id: 'markdown' }], problems: [] },
  ]);
  const listed = (await api.get('/providers')).body as { id: string }[];
  t.ok(listed.some(({ id }) => id === 'inline'));
  const fitting = (await api.get('/providers/inline/builders')).body as { id: string }[];
  t.ok(fitting.some(({ id }) => id === 'markdown'));

  const name = freshName('plugins');
  const fieldsOf = async (path: string) => (await api.get(path)).body.fields as Field[];
  const created = await api.post('/services', {
    name,
    providerId: 'inline',
    builderId: 'markdown',
    providerConfig: fill(await fieldsOf('/providers/inline/schema'), { path: 'index.md', content: '# Hello <you>' }),
    builderConfig: fill(await fieldsOf('/builders/markdown/schema'), { title: 'Greetings' }),
  });
  t.equal(created.status, 201, JSON.stringify(created.body));
  t.match(await api.deploy(created.body.id), { status: 'succeeded', error: null });
  const page = await visit(gatewayUrl, `${name}.localhost`);
  t.match(page, { status: 200, text: /<title>Greetings<\/title>\n<h1>Hello &#60;you&#62;<\/h1>/ });

  await update(join(directory, 'node_modules/pierhead-builder-markdown'), '1.1.0');
  t.equal((await api.get('/builders/markdown')).body.version, '1.0.0', 'nothing changes by itself');
  const reloaded = await api.post('/plugins/reload', {});
  t.equal(reloaded.status, 200, JSON.stringify(reloaded.body));
  t.match((await api.get('/builders/markdown')).body, { version: '1.1.0', versions: ['1.1.0'] });
  await until('the worker has the new version', async () => {
    const [{ capabilities }] = (await api.get('/workers')).body;
    return capabilities.builders.some((each: { id: string; version: string }) => each.version === '1.1.0');
  });
  t.match(await api.deploy(created.body.id), { status: 'failed', error: { code: 'builder_version_gone' } });
  t.equal((await visit(gatewayUrl, `${name}.localhost`)).text, page.text, 'what is live stays');
  const moved = await api.patch(`/services/${created.body.id}`, { builderVersion: '1.1.0' });
  t.equal(moved.status, 200, JSON.stringify(moved.body));
  t.match(await api.deploy(created.body.id), { status: 'succeeded', error: null });
  t.match((await visit(gatewayUrl, `${name}.localhost`)).text, /<title>Renewed: Greetings/);
});

async function update(folder: string, version: string): Promise<void> {
  const change = async (file: string, from: string, to: string) =>
    writeFile(join(folder, file), (await readFile(join(folder, file), 'utf8')).replace(from, to));
  await change('package.json', '1.0.0', version);
  await change('index.js', '1.0.0', version);
  await change('markdown-builder.js', '<title>', '<title>Renewed: ');
}
