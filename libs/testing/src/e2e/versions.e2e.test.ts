import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { stackIsGiven, testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { freshName } from './scenarios.js';

t.setTimeout(240_000);

const field = (label: string, more: object = {}) => ({
  type: 'string',
  title: label,
  maxLength: 200,
  ui: { type: 'text', label, ...more },
});
const secret = field('Key', { type: 'password', secret: true });

/** A provider whose site is a page with the text of its config; its field has another name in each version. */
const manifest = (version: string, key: string, more = '') => `{
  id: 'page', version: '${version}', name: 'Page', description: 'A page.', icon: 'file', category: 'test', tags: ['test'],
  produces: 'site',
  configSchema: ${JSON.stringify({
    type: 'object',
    additionalProperties: false,
    required: [key],
    properties: { [key]: field('Text'), key: secret },
  })},
  ${more}
  load: async () => () => ({
    async resolveRevision(config) { return { id: config.${key} }; },
    async fetchSource(revision, config, workspace) {
      await writeFile(workspace + '/index.html', '${version}: ' + config.${key});
      return { kind: 'site', path: workspace };
    },
  }),
}`;

const first = manifest('1.0.0', 'text');
const second = manifest('2.0.0', 'content', 'migrateConfig: ({ text, ...rest }) => ({ ...rest, content: text }),');
const codeOf = (...manifests: string[]) =>
  `import { writeFile } from 'node:fs/promises';\nexport const providers = [${manifests.join(', ')}];\n`;

function pluginFolder(t: Test, ...manifests: string[]): string {
  const facts = { name: 'page-provider', version: '1.0.0', type: 'module', exports: './index.js' };
  return t.testdir({ 'package.json': JSON.stringify(facts), 'index.js': codeOf(...manifests) });
}

t.test(
  'a service keeps its version until it is given another',
  { skip: stackIsGiven() && 'it needs plugins of its own' },
  async (t) => {
    const folder = pluginFolder(t, first);
    const { api, gatewayUrl } = await testStack(t, { plugins: { names: [folder], directory: folder } });
    const replace = async (...manifests: string[]) => {
      await writeFile(join(folder, 'index.js'), codeOf(...manifests));
      const { status, body } = await api.post('/plugins/reload');
      t.equal(status, 200);
      const versions = body[0].entries.map(({ version }: { version: string }) => version).sort();
      await until('the worker has read them too', async () => {
        const [{ capabilities }] = (await api.get('/workers')).body;
        const own = capabilities.providers.filter(({ id }: { id: string }) => id === 'page');
        return String(own.map(({ version }: { version: string }) => version).sort()) === String(versions);
      });
      return body;
    };
    t.match((await api.get('/plugins')).body, [{ source: folder, name: 'page-provider', problems: [] }]);
    const name = freshName('versions');
    const created = await api.post('/services', {
      name,
      providerId: 'page',
      builderId: 'static',
      providerConfig: { text: 'hello', key: 'hush-hush' },
      builderConfig: {},
      fallbackSources: [{ providerId: 'page', providerConfig: { text: 'spare', key: 'hush-spare' } }],
    });
    t.match(created, { status: 201, body: { providerVersion: '1.0.0' } }, JSON.stringify(created.body));
    const { id } = created.body;
    const masked = { providerId: 'page', providerVersion: '1.0.0', providerConfig: { key: { secret: true } } };
    t.match(created.body.fallbackSources, [masked]);
    t.notMatch(JSON.stringify(created.body), 'hush');
    t.match(await api.deploy(id), { status: 'succeeded', source: { providerId: 'page', fallback: null } });

    t.match(await replace(first, second), [{ problems: [], entries: [{ version: '1.0.0' }, { version: '2.0.0' }] }]);
    t.match((await api.get('/providers/page')).body, { version: '2.0.0', versions: ['2.0.0', '1.0.0'] });

    t.test('a change without a version keeps the one that it has', async (t) => {
      const changed = await api.patch(`/services/${id}`, { providerConfig: { text: 'hallo' } });
      t.match(changed, { status: 200, body: { providerVersion: '1.0.0', providerConfig: { text: 'hallo' } } });
      t.match(changed.body.fallbackSources, [{ providerVersion: '1.0.0' }]);
      const back = { fallbackSources: changed.body.fallbackSources };
      t.match((await api.patch(`/services/${id}`, back)).body, back, 'as it was shown, masks and all');
      t.match(await api.deploy(id), { status: 'succeeded' });
      t.equal((await visit(gatewayUrl, `${name}.localhost`)).text, '1.0.0: hallo');
    });

    t.test('the plan shows what the newer version would make of its config', async (t) => {
      const { body } = await api.post(`/services/${id}/plan`, {});
      t.match(body, { provider: { version: '1.0.0' }, problems: [] });
      const upgrade = {
        kind: 'provider',
        id: 'page',
        from: '1.0.0',
        to: '2.0.0',
        before: { text: 'hallo', key: { secret: true } },
        after: { content: 'hallo', key: { secret: true } },
        problems: [],
      };
      t.match(body.upgrades[0], upgrade);
      t.notMatch(JSON.stringify(body), 'hush');
    });

    t.test('configs are validated against the version that is named, and never come back with a secret', async (t) => {
      const config = { text: 'x', key: 'hush-hush' };
      const old = await api.post('/providers/page/validate', { config, version: '1.0.0' });
      t.match(old.body, { valid: true, config: { text: 'x', key: { secret: true } } });
      const now = await api.post('/providers/page/validate', { config });
      t.match(now.body, { valid: false });
      for (const { body } of [old, now]) t.notMatch(JSON.stringify(body), 'hush');
      t.match(await api.get('/providers/page/schema?version=1.0.0'), { body: { version: '1.0.0' } });
      t.match(await api.get('/providers/page/schema?version=3.0.0'), { status: 404 });
    });

    t.test('given the newer version, its config is carried over, the secret too', async (t) => {
      const other = await api.patch(`/services/${id}`, { providerVersion: '3.0.0' });
      t.match(other, { status: 422, body: { errors: [{ path: '/providerVersion' }] } });
      const changed = await api.patch(`/services/${id}`, { providerVersion: '2.0.0' });
      t.match(changed, { status: 200, body: { providerVersion: '2.0.0' } });
      t.same(changed.body.providerConfig, { content: 'hallo', key: { secret: true } });
      t.match(await api.deploy(id), { status: 'succeeded' });
      t.equal((await visit(gatewayUrl, `${name}.localhost`)).text, '2.0.0: hallo');
      t.match(await api.patch(`/services/${id}`, { fallbackSources: [] }), { body: { fallbackSources: [] } });
    });

    t.test('a version that is gone is told by the plan, and fails a deployment', async (t) => {
      await replace(first);
      const plan = await api.post(`/services/${id}/plan`, {});
      t.match(plan.body.problems, [{ path: '/providerVersion', code: 'provider_version_gone' }]);
      const failed = await api.deploy(id);
      t.match(failed, { status: 'failed', error: { code: 'provider_version_gone', hint: /1\.0\.0/ } });
      const { body } = await api.get('/providers/page/usage');
      t.match(body.versions, [
        { version: '2.0.0', failed: 0 },
        { version: '1.0.0', failed: 0 },
      ]);
      t.equal((await visit(gatewayUrl, `${name}.localhost`)).text, '2.0.0: hallo', 'what is live stays');
    });

    t.test('a plugin with faults is named, and takes nothing else down', async (t) => {
      await writeFile(join(folder, 'index.js'), codeOf(first.replace("'1.0.0'", "'one'")));
      const { body } = await api.post('/plugins/reload');
      t.match(body, [{ entries: [{ id: 'page', kept: true }], problems: [{ path: '/providers/0/version' }] }]);
      t.match((await api.get('/ready')).body.checks.catalog, { status: 'degraded', message: /page/ });
      t.match(await api.get('/providers/page'), { status: 200 }, 'what it had stays');
      t.match(await api.get('/providers/git'), { status: 200 });
      const { items } = (await api.get('/audit?action=reloadPlugins')).body;
      t.match(items[0], { target: { kind: 'plugins' }, after: [{ source: folder, loaded: false }] });
    });
  },
);
