import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallContext, LogStream } from '@pierhead/model';
import type { Test } from 'tap';
import type { PluginLimits } from './plugin-limits.js';
import { createRegistrySource } from './registry-source.js';
import { Threads } from './threads.js';

/** Short limits, so that tests of those who exceed them are short. */
const shortLimits: Partial<PluginLimits> = {
  readTogetherMs: 1_500,
  readAloneMs: 6_000,
  graceMs: 200,
  memoryMb: 48,
  callMs: { resolveRevision: 2_000, build: 2_000, validateConfig: 2_000, migrateConfig: 2_000 },
};

const facts = (
  id: string,
  version: string,
) => `id: '${id}', version: '${version}', name: 'Test', description: 'For tests.',
  icon: 'box', category: 'test', tags: ['test'],
  configSchema: { type: 'object', additionalProperties: false, required: ['name'],
    properties: { name: { type: 'string', title: 'Name', ui: { type: 'text', label: 'Name' } } } }`;

/** The source of a provider's manifest; `methods` are those of its instance. */
export const provider = (id: string, methods: string, { version = '1.0.0', more = '' } = {}) =>
  `{ ${facts(id, version)}, produces: 'tree', ${more} load: async () => () => ({
    async resolveRevision() { return { id: 'r1' }; },
    async fetchSource(revision, config, workspace) { return { kind: 'tree', path: workspace }; },
    ${methods} }) }`;

export const builder = (id: string, methods: string) =>
  `{ ${facts(id, '1.0.0')}, accepts: ['tree'], produces: 'files', load: async () => () => ({ ${methods} }) }`;

export const runtime = (id: string, methods: string) =>
  `{ ${facts(id, '1.0.0')}, accepts: ['files'], load: async () => () => ({ ${methods} }) }`;

/** Writes a plugin's folder, named like its package. */
export async function writePlugin(root: string, name: string, code: string, version = '1.0.0'): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name, version, type: 'module', exports: './index.js' }),
  );
  await writeFile(join(folder, 'index.js'), code);
  return folder;
}

export interface Logged {
  details: object;
  message: string;
}

/** A source with the plugins and no built-in entries; after the test no thread may be left. */
export async function sourceOf(t: Test, plugins: string[], limits: Partial<PluginLimits> = {}) {
  const threads = new Threads();
  const warnings: Logged[] = [];
  const source = await createRegistrySource({
    builtIn: { providers: [], builders: [], runtimes: [] },
    plugins,
    logger: { warn: (details, message) => void warnings.push({ details, message }), info: () => {} },
    directory: t.testdirName,
    limits: { ...shortLimits, ...limits },
    threads,
  });
  t.teardown(() => source.close());
  return { source, warnings, threads };
}

/** What a call brings along; what it logs is in `lines`. */
export function callContext(workspace: string, given: Partial<CallContext> = {}) {
  const lines: string[] = [];
  const none = async (): Promise<never> => Promise.reject(new Error('no storage'));
  const context: CallContext = {
    log: (text: string, stream: LogStream = 'stdout') => void lines.push(`${stream}: ${text}`),
    signal: new AbortController().signal,
    workspace,
    storage: { uploadFile: none, putTree: none, treePath: none, removeTree: none },
    host: {
      installation: 'test',
      dockerHost: 'unix:///var/run/docker.sock',
      dockerNetwork: 'apps',
      dockerSubnets: '198.18.0.0/15',
      egressAllow: [],
    },
    ...given,
  };
  return { ...context, lines };
}
