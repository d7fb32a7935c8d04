import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
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
