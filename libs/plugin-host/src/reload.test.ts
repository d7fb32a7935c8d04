import { rm } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { faultyPlugins } from './faulty-plugins.js';
import { callContext, provider, sourceOf, writePlugin } from './plugin-fixture.js';

const answering = (version: string) => {
  const method = `async resolveRevision() { return { id: '${version}' }; }`;
  return `export const providers = [${provider('test', method, { version })}];`;
};

t.test('a reload brings the new version in, and instances of the old one keep running', async (t) => {
  const root = t.testdir();
  const folder = await writePlugin(root, 'test', answering('1.0.0'));
  const { source, threads } = await sourceOf(t, [folder]);
  const context = callContext(root);
  let told = 0;
  source.onReload(() => {
    told += 1;
  });
  const before = source.current();
  const old = (await before.providers.getProvider('test'))!;
  t.equal((await old.resolveRevision({}, {}, context)).id, '1.0.0');

  await writePlugin(root, 'test', answering('2.0.0'), '2.0.0');
  const idle = (await before.providers.getProvider('test'))!;
  await t.rejects(idle.resolveRevision({}, {}, context), { code: 'plugin_failed', message: /reload/ });
  const [infos, again] = await Promise.all([source.reload(), source.reload()]);
  t.equal(infos, again, 'two at once are one');
  t.equal(told, 1);
  t.match(infos, [{ version: '2.0.0', entries: [{ version: '2.0.0' }] }]);
  t.same(before.providers.getProviderMetadata('test')?.versions, ['1.0.0'], 'the old set stays as it was');
  t.same(source.current().providers.getProviderMetadata('test')?.versions, ['2.0.0']);
  const fresh = (await source.current().providers.getProvider('test'))!;
  t.equal((await fresh.resolveRevision({}, {}, context)).id, '2.0.0');
  t.equal((await old.resolveRevision({}, {}, context)).id, '1.0.0');

  await writePlugin(root, 'test', 'throw new Error("broken")', '3.0.0');
  t.match(await source.reload(), [{ problems: [{ code: 'plugin_not_loadable' }] }]);
  t.equal((await fresh.resolveRevision({}, {}, context)).id, '2.0.0');
  await source.close();
  t.equal(threads.size, 0);
});

t.test('a reload that comes while another one runs reads what is there when it comes', async (t) => {
  const root = t.testdir();
  const folder = await writePlugin(root, 'test', answering('1.0.0'));
  const { source } = await sourceOf(t, [folder]);
  const first = source.reload();
  await turn();
  await writePlugin(root, 'test', answering('2.0.0'), '2.0.0');
  t.match(await source.reload(), [{ version: '2.0.0' }]);
  await first;
  t.match(source.plugins(), [{ version: '2.0.0' }]);
});

t.test('what a plugin with faults had before is kept, until it has none', async (t) => {
  const root = t.testdir();
  const exporting = (...entries: string[]) => `export const providers = [${entries.join(', ')}];`;
  const [one, two] = [provider('test', '', { version: '1.0.0' }), provider('test', '', { version: '2.0.0' })];
  const folder = await writePlugin(root, 'test', exporting(one, two));
  const { source, warnings } = await sourceOf(t, [folder]);
  const versions = () => source.current().providers.getProviderMetadata('test')?.versions;
  const entries = (...list: object[]) => list.map((each) => ({ kind: 'provider', id: 'test', ...each }));

  const broken: Record<string, string> = {
    'a faulty version': exporting(one, `{ ...${two}, tags: 'none' }`),
    'a version without a number': exporting(one, provider('test', '', { version: 'two' })),
  };
  for (const [name, code] of Object.entries(broken)) {
    await writePlugin(root, 'test', code, '2.1.0');
    const [info] = await source.reload();
    t.match(info?.problems, [{ path: /^\/providers\/1\// }], name);
    t.same(info?.entries, entries({ version: '1.0.0' }, { version: '2.0.0', kept: true }), name);
    t.same(versions(), ['2.0.0', '1.0.0'], name);
  }
  t.match(faultyPlugins(source.plugins()), { degraded: /test \(invalid_manifest at .*, 1 of its entries is kept/ });

  await writePlugin(root, 'test', 'export const = 1', '2.2.0');
  const [unread] = await source.reload();
  t.match(unread, { version: '2.2.0', problems: [{ code: 'plugin_not_loadable' }] });
  t.same(unread?.entries, entries({ version: '1.0.0', kept: true }, { version: '2.0.0', kept: true }));
  t.match(warnings.at(-1), { message: 'a plugin has faults', details: { problems: [{ path: '' }] } });
  t.match(await source.current().providers.validateProviderConfig('test', {}), { errors: [{ path: '/name' }] });

  await rm(folder, { recursive: true });
  t.match(await source.reload(), [{ problems: [{ code: 'plugin_not_found' }], entries: [{ kept: true }, {}] }]);

  await writePlugin(root, 'test', exporting(two), '3.0.0');
  t.match(await source.reload(), [{ problems: [], entries: [{ version: '2.0.0' }] }]);
  t.same(versions(), ['2.0.0'], 'what a sound reading lacks is gone');
});

t.test('what is kept takes no place from another plugin', async (t) => {
  const root = t.testdir();
  const one = await writePlugin(root, 'one', 'export const providers = [];');
  const two = await writePlugin(root, 'two', answering('1.0.0'));
  const { source } = await sourceOf(t, [one, two]);
  await writePlugin(root, 'one', answering('1.0.0'));
  t.match(await source.reload(), [
    { problems: [], entries: [{ version: '1.0.0' }] },
    { problems: [{ code: 'duplicate_version' }], entries: [] },
  ]);
});
