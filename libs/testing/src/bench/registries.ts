import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Compile, configSchema, type ProviderManifest, text } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import { load } from './load.js';
import { interleave, type Table } from './measure.js';
import { asApi, startCatalog } from './processes.js';
import { besideBare } from './requests.js';

const pluginCount = 1_000;
const starts = 5;
const requests = 4_000;
const validations = 20_000;
const fieldCount = 30;

/** The catalog with 1,000 plugins beside one with none, and what a validation costs. */
export async function benchRegistries(): Promise<Table[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-bench-plugins-'));
  try {
    const plugins = await writePlugins(folder);
    return [await startTimes(plugins), ...(await answers(plugins)), await validation()];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Folders with a provider each, as their authors would write them. */
async function writePlugins(folder: string): Promise<string[]> {
  const names = Array.from({ length: pluginCount }, (_, index) => `provider-${index}`);
  await Promise.all(
    names.map(async (name) => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'package.json'), JSON.stringify(packageOf(name)));
      await writeFile(join(folder, name, 'index.js'), pluginOf(name));
    }),
  );
  return names.map((name) => join(folder, name));
}

const packageOf = (name: string) => ({ name, version: '1.0.0', type: 'module', exports: './index.js' });

const pluginOf = (id: string) => `export const providers = [{
  id: '${id}', version: '1.0.0', name: 'Provider', description: 'A provider.', icon: 'box', category: 'Sources',
  tags: ['bench'], produces: 'tree',
  configSchema: { type: 'object', additionalProperties: false, required: ['url'], properties: {
    url: { type: 'string', title: 'URL', maxLength: 2000, ui: { type: 'url', label: 'URL' } },
    branch: { type: 'string', title: 'Branch', default: 'main', maxLength: 200, pattern: '^[a-z0-9/._-]+$', ui: { type: 'text', label: 'Branch' } },
  } },
  load: () => import('./implementation.js'),
}];
`;

async function startTimes(plugins: string[]): Promise<Table> {
  const start = async (given: string[]) => {
    const catalog = await startCatalog(given);
    await catalog.stop();
    return catalog.readyMs;
  };
  return interleave(
    `Catalog: start to ready`,
    'ms',
    [
      { name: 'no plugins', run: () => start([]) },
      { name: `${pluginCount} plugins`, run: () => start(plugins) },
    ],
    starts,
    1,
  );
}

async function answers(plugins: string[]): Promise<Table[]> {
  const [few, many] = [await startCatalog(), await startCatalog(plugins)];
  try {
    const path = '/builders/dockerfile/schema';
    const same = await interleave(
      `GET ${path}, ${requests} requests, by the number of plugins`,
      'ms',
      [
        { name: 'no plugins', run: () => load(few.url + path, asApi, requests) },
        { name: `${pluginCount} plugins`, run: () => load(many.url + path, asApi, requests) },
      ],
      9,
    );
    return [
      same,
      {
        ...(await besideBare('/providers', () => startCatalog(plugins))),
        note: `The catalog has ${pluginCount} plugins here.`,
      },
    ];
  } finally {
    await Promise.all([few.stop(), many.stop()]);
  }
}

/** A config of 30 fields through the registry, which fills in, normalises and explains, beside the bare compiled check. */
async function validation(): Promise<Table> {
  const keys = Array.from({ length: fieldCount }, (_, index) => `field${index}`);
  const schema = configSchema(Object.fromEntries(keys.map((key) => [key, text({ label: key })])));
  const config = Object.fromEntries(keys.map((key) => [key, `a value of ${key}`]));
  const { providers } = createRegistries({ providers: [manifestOf(schema)], builders: [], runtimes: [] });
  const bare = Compile(schema);
  const run = async (validate: () => unknown) => {
    const started = performance.now();
    for (let count = 0; count < validations; count += 1) await validate();
    return performance.now() - started;
  };
  const table = await interleave(
    `Validation of a config with ${fieldCount} fields, ${validations} times`,
    'ms',
    [
      { name: 'bare compiled TypeBox', run: () => run(() => bare.Check(config)) },
      { name: 'registry', run: () => run(() => providers.validateProviderConfig('bench', config)) },
    ],
    9,
  );
  const perSecond = Math.round((validations / table.rows[1]!.median) * 1_000);
  return { ...table, note: `${perSecond.toLocaleString('en')} validations a second through the registry.` };
}

const manifestOf = (schema: ReturnType<typeof configSchema>): ProviderManifest => ({
  id: 'bench',
  version: '1.0.0',
  name: 'Bench',
  description: 'Thirty fields.',
  icon: 'box',
  category: 'Sources',
  tags: [],
  produces: 'tree',
  configSchema: schema,
  load: () => Promise.reject(new Error('nothing is fetched here')),
});
