import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Capability } from '@pierhead/model';
import { createRegistrySource } from '@pierhead/plugin-host';
import t from 'tap';
import { setUp } from './fixture.js';

const limits = { graceMs: 200, memoryMb: 48, callMs: { resolveRevision: 2_000 } };

const provider = (id: string, resolve: string) => `{
  id: '${id}', version: '1.0.0', name: 'Test', description: 'For tests.', icon: 'box', category: 'test', tags: [],
  configSchema: { type: 'object', properties: {} }, produces: 'tree',
  load: async () => () => ({
    resolveRevision: async () => { ${resolve} },
    fetchSource: async (revision, config, path) => ({ kind: 'tree', path }),
  }) }`;

/** How each bad plugin ends its deployment. */
const faults: Record<string, { body: string; code: string }> = {
  spins: { body: 'for (;;) {}', code: 'plugin_timeout' },
  waits: { body: 'await new Promise(() => {})', code: 'plugin_timeout' },
  leaks: { body: 'const all = []; for (;;) all.push(new Array(1000).fill(1.5))', code: 'plugin_out_of_memory' },
  exits: { body: 'process.exit(0)', code: 'plugin_crashed' },
  throws: { body: 'throw new Error("oops")', code: 'plugin_failed' },
};

for (const [name, { body, code }] of Object.entries(faults))
  t.test(`a plugin that ${name} ends its own deployment, and no other on the worker`, async (t) => {
    const folder = join(t.testdir(), 'plugin');
    await mkdir(folder);
    await writeFile(
      join(folder, 'package.json'),
      '{"name":"test","version":"1.0.0","type":"module","exports":"./index.js"}',
    );
    const exported = `export const providers = [${provider('bad', body)}, ${provider('good', 'return { id: "r1" }')}];`;
    await writeFile(join(folder, 'index.js'), exported);
    const { worker, manifests, create, run, createService } = await setUp(t, { service: { providerId: 'bad' } });
    const source = await createRegistrySource({ builtIn: manifests, plugins: [folder], logger: worker.logger, limits });
    t.teardown(() => source.close());
    t.same(source.plugins()[0]?.problems, []);
    worker.source = source;
    worker.capabilities.providers.push(able('bad'), able('good'));

    const others = await Promise.all(['p', 'good'].map((providerId) => createService(providerId)));
    const [bad, ...good] = await Promise.all([create().then(run), ...others.map((id) => create(id).then(run))]);
    t.match(bad, { status: 'failed', attempt: 1, error: { code, stage: 'resolve' } });
    t.same(
      good.map((each) => each.status),
      ['succeeded', 'succeeded'],
    );
  });

const able = (id: string): Capability => ({ id, version: '1.0.0', available: true, reason: null });
