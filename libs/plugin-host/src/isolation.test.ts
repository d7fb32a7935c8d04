import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Builder, Provider } from '@pierhead/model';
import t, { type Test } from 'tap';
import { builder, callContext, provider, runtime, sourceOf, writePlugin } from './plugin-fixture.js';
import type { Threads } from './threads.js';

async function providerOf(t: Test, methods: string, before = ''): Promise<{ one: Provider; threads: Threads }> {
  const root = t.testdir();
  const folder = await writePlugin(root, 'test', `${before} export const providers = [${provider('test', methods)}];`);
  const { source, threads } = await sourceOf(t, [folder]);
  const one = (await source.current().providers.getProvider('test'))!;
  t.teardown(() => one.dispose?.());
  return { one, threads };
}

t.test('a provider works from its thread, with its context', async (t) => {
  const { one, threads } = await providerOf(
    t,
    `async resolveRevision(config, want, context) {
      context.log('resolving ' + config.name + ' ' + want.ref);
      console.error('printed');
      return { id: (await context.storage.uploadFile('u1')).digest, message: context.host.dockerNetwork };
    }`,
  );
  t.equal(threads.size, 0, 'an instance that nobody calls has no thread');
  const file = { path: '/tmp/u1', format: 'tar' as const, digest: 'sha256:1' };
  const context = callContext(t.testdirName);
  const storage = { ...context.storage, uploadFile: async () => file };
  const revision = await one.resolveRevision({ name: 'x' }, { ref: 'main' }, { ...context, storage });
  t.same(revision, { id: 'sha256:1', message: 'apps' });
  t.same(context.lines, ['stdout: resolving x main', 'stderr: printed']);
  t.same(await one.validateConfig?.({}, context), [], 'what it lacks is harmless');
  t.equal(await one.unavailable?.(context), null);
  await one.dispose?.();
  t.equal(threads.size, 0);
});

t.test('what a plugin does wrong costs its own call, with a code, in time', async (t) => {
  const wrongs: [string, string, object][] = [
    ['spins', 'for (;;) {}', { code: 'plugin_timeout' }],
    ['waits', 'await new Promise(() => {})', { code: 'plugin_timeout' }],
    ['backtracks', '/^(a+)+$/.test("a".repeat(40) + "!")', { code: 'plugin_timeout' }],
    ['exits', 'process.exit(0)', { code: 'plugin_crashed', message: /exit code 0/ }],
    ['throws later', 'setTimeout(() => { throw new Error("late") }); await new Promise(() => {})', { message: /late/ }],
    ['leaks', 'const all = []; for (;;) all.push(new Array(1000).fill(1.5))', { code: 'plugin_out_of_memory' }],
    ['throws', 'throw new TypeError("oops")', { code: 'plugin_failed', message: /TypeError: oops/ }],
    ['throws nothing', 'throw undefined', { code: 'plugin_failed' }],
    ['answers nothing', 'return', { code: 'plugin_failed', message: /resolveRevision/ }],
    ['answers a function', 'return { id: () => 1 }', { code: 'plugin_failed' }],
    ['answers too much', 'return { id: "x".repeat(2_000_000) }', { code: 'plugin_failed' }],
    ['answers a cycle', 'const a = {}; a.id = a; return a', { code: 'plugin_failed' }],
  ];
  for (const [name, body, error] of wrongs)
    await t.test(name, async (t) => {
      const { one, threads } = await providerOf(t, `async resolveRevision() { ${body} }, async unavailable() {}`);
      const context = callContext(t.testdirName);
      const started = performance.now();
      await t.rejects(one.resolveRevision({}, {}, context), { name: 'UserError', ...error });
      t.ok(performance.now() - started < 8_000);
      t.equal(await one.unavailable?.(context), null, 'the next call finds a fresh thread');
      await one.dispose?.();
      t.equal(threads.size, 0);
    });
});

t.test("the plugin's own errors keep their family, code, hint and line", async (t) => {
  const { one } = await providerOf(
    t,
    `async resolveRevision(config) {
      throw Object.assign(new Error('no branch'), { name: config.name, code: 'branch_missing', hint: 'Push.', line: 'x' });
    }`,
  );
  const error = { code: 'branch_missing', message: 'no branch', hint: 'Push.', line: 'x' };
  for (const name of ['UserError', 'WorldError'])
    await t.rejects(one.resolveRevision({ name }, {}, callContext('/tmp')), { name, ...error });
});

t.test('an abort is passed on; who does not listen is ended', async (t) => {
  for (const body of [
    'context.log("here"); await new Promise((_, reject) => context.signal.addEventListener("abort", () => reject(new Error("ended"))))',
    'context.log("deaf"); for (;;) {}',
  ]) {
    const { one } = await providerOf(t, `async resolveRevision(config, want, context) { ${body} }`);
    const stop = new AbortController();
    const log = () => stop.abort(new Error('canceled'));
    const answer = one.resolveRevision({}, {}, callContext('/tmp', { signal: stop.signal, log }));
    await t.rejects(answer, { message: 'canceled' });
  }
});

t.test('instances share nothing, not even the variables of their module', async (t) => {
  const root = t.testdir();
  const code = `let count = 0; export const providers = [${provider(
    'test',
    'async resolveRevision() { count += 1; return { id: String(count) }; }',
  )}];`;
  const { source } = await sourceOf(t, [await writePlugin(root, 'test', code)]);
  const [one, two] = await Promise.all([1, 2].map(() => source.current().providers.getProvider('test')));
  const ask = async (each: Provider | null | undefined) => (await each!.resolveRevision({}, {}, callContext(root))).id;
  t.same(await Promise.all([ask(one), ask(two)]), ['1', '1']);
  t.equal(await ask(one), '2', 'one instance keeps what it has');
  await Promise.all([one?.dispose?.(), two?.dispose?.()]);
});

t.test('the source must be what the manifest says, and where it was asked for', async (t) => {
  for (const answer of ["{ kind: 'site', path: workspace }", "{ kind: 'tree', path: '/etc' }", "{ kind: 'tree' }"]) {
    const { one } = await providerOf(t, `async fetchSource(revision, config, workspace) { return ${answer}; }`);
    const workspace = join(t.testdirName, 'workspace');
    await mkdir(workspace);
    const fetching = one.fetchSource({ id: 'r1' }, {}, workspace, callContext(workspace));
    await t.rejects(fetching, { code: 'plugin_failed' }, answer);
  }
});

t.test('a builder stores what lies in its workspace, and answers a proper artifact', async (t) => {
  const root = t.testdir({ workspace: {} });
  const build = `async build(source, config, context) {
    const { digest } = await context.storage.putTree(source.path);
    return { kind: config.name, digest, bytes: 1, rules: { index: 'index.html', cleanUrls: false, cacheControl: '',
      headers: [], redirects: [] } };
  }`;
  const folder = await writePlugin(root, 'test', `export const builders = [${builder('test', build)}];`);
  const { source } = await sourceOf(t, [folder]);
  const one = (await source.current().builders.getBuilder('test')) as Builder;
  const context = callContext(join(root, 'workspace'));
  const digest = `sha256:${'0'.repeat(64)}`;
  const storage = { ...context.storage, putTree: async () => ({ digest, bytes: 1, files: 1 }) };
  const run = (path: string, name: string) => one.build({ kind: 'tree', path }, { name }, { ...context, storage });
  t.match(await run(context.workspace, 'files'), { kind: 'files', digest });
  await t.rejects(run(context.workspace, 'image'), { code: 'plugin_failed' });
  await t.rejects(run('/etc', 'files'), { code: 'plugin_failed', message: /workspace/ });
  await one.dispose?.();
});

t.test('the output of a runtime streams, as fast as it is taken, until nobody wants more', async (t) => {
  const logs = `async *logs(identity, { follow }, context) {
    for (let n = 0; follow || n < 500; n += 1) yield { at: 'now', stream: 'stdout', text: String(n) };
  }`;
  const folder = await writePlugin(t.testdir(), 'test', `export const runtimes = [${runtime('test', logs)}];`);
  const { source, threads } = await sourceOf(t, [folder]);
  const one = (await source.current().runtimes.getRuntime('test'))!;
  const identity = { serviceId: 's', serviceName: 's', environment: 'production', deploymentId: 'd' };
  const read = async (follow: boolean, most: number) => {
    const texts = [];
    for await (const { text } of one.logs(identity, { follow }, callContext('/tmp'))) {
      texts.push(text);
      if (texts.length === most) break;
    }
    return texts;
  };
  t.same(
    await read(false, Number.POSITIVE_INFINITY),
    Array.from({ length: 500 }, (_, n) => String(n)),
  );
  t.equal((await read(true, 300)).length, 300);
  await one.dispose?.();
  t.equal(threads.size, 0);
});

t.test('a runtime tells what its instances take, or nothing, and what makes no sense is refused', async (t) => {
  const part = `{ id: 'c', at: 'now', startedAt: 'then', restarts: 0, cpuSeconds: 1, memoryBytes: 2, memoryLimitBytes: null,
    pids: 1, receivedBytes: 0, sentBytes: 0 }`;
  const usage = `async usage([{ deploymentId }]) { return [{ deploymentId, parts: [${part}] }]; }`;
  const runtimes = [
    runtime('tells', usage),
    runtime('silent', ''),
    runtime('odd', usage.replace('cpuSeconds: 1,', '')),
  ];
  const folder = await writePlugin(t.testdir(), 'test', `export const runtimes = [${runtimes}];`);
  const { source } = await sourceOf(t, [folder]);
  const identity = { serviceId: 's', serviceName: 's', environment: 'production', deploymentId: 'd' };
  const ask = async (id: string) => {
    const one = (await source.current().runtimes.getRuntime(id))!;
    return one.usage!([identity], callContext('/tmp')).finally(() => one.dispose?.());
  };
  t.match(await ask('tells'), [{ deploymentId: 'd', parts: [{ id: 'c', cpuSeconds: 1, memoryLimitBytes: null }] }]);
  t.same(await ask('silent'), []);
  await t.rejects(ask('odd'), { code: 'plugin_failed' });
});

t.test('what a plugin prints is bounded', async (t) => {
  const body = 'for (let n = 0; n < 300; n += 1) console.log("x".repeat(100_000)); return { id: "r" }';
  const { one } = await providerOf(t, `async resolveRevision() { ${body} }`);
  const context = callContext('/tmp');
  await one.resolveRevision({}, {}, context);
  t.ok(context.lines.join('').length < 5_000_000);
  t.match(context.lines.at(-1), /left out/);
});

t.test('a migration runs in a thread too', async (t) => {
  const migrate = "async migrateConfig(config, from) { if (config.name === 'spin') for (;;); return { name: from }; },";
  const code = `export const providers = [${provider('test', '', { version: '1.1.0', more: migrate })}];`;
  const { source, threads } = await sourceOf(t, [await writePlugin(t.testdir(), 'test', code)]);
  const { providers } = source.current();
  t.match(await providers.migrateProviderConfig('test', { name: 'x' }, '1.0.0'), { config: { name: '1.0.0' } });
  const spun = await providers.migrateProviderConfig('test', { name: 'spin' }, '1.0.0');
  t.match(spun?.result.errors, [{ message: /longer than 2 s/ }]);
  t.equal(threads.size, 0);
});

t.test('a call asks the storage no more than 32 times at once', async (t) => {
  const file = { path: '/tmp/u1', format: 'tar' as const, digest: 'sha256:1' };
  const plain = callContext(t.testdirName);
  const tooMany = { code: 'plugin_failed', message: /asked the storage more than 32 times at once/ };

  await t.test('32 at once are answered, again and again', async (t) => {
    const { one } = await providerOf(
      t,
      `async resolveRevision(config, want, context) {
        const ask = () => context.storage.uploadFile('u1').catch(() => {});
        for (let n = 0; n < 10; n += 1) await Promise.all(Array.from({ length: 32 }, ask));
        return { id: 'r1' };
      }`,
    );
    let count = 0;
    const uploadFile = async () => {
      count += 1;
      if (count % 2) throw new Error('an answer too');
      return file;
    };
    const context = { ...plain, storage: { ...plain.storage, uploadFile } };
    t.same(await one.resolveRevision({}, {}, context), { id: 'r1' });
    t.equal(count, 320);
  });

  await t.test('a loop that never awaits fails in its thread', async (t) => {
    const { one } = await providerOf(
      t,
      `async fetchSource(revision, config, workspace, context) {
        for (;;) context.storage.putTree('/etc/' + 'x'.repeat(1000));
      }`,
    );
    await t.rejects(one.fetchSource({ id: 'r1' }, {}, t.testdirName, plain), tooMany);
  });

  await t.test('a thread that sends more all the same is ended, and what it sent is dropped', async (t) => {
    const { one, threads } = await providerOf(
      t,
      `async resolveRevision(config, want, context) { await context.storage.uploadFile('u1'); },
      async unavailable() {}`,
      `import { MessagePort } from 'node:worker_threads';
      const { postMessage } = MessagePort.prototype;
      MessagePort.prototype.postMessage = function (message) {
        if (message.type !== 'ask') return postMessage.call(this, message);
        for (let n = 0; n < 33; n += 1) postMessage.call(this, message);
        for (;;) postMessage.call(this, { type: 'log', call: message.call, text: 'late', stream: 'stdout' });
      };`,
    );
    let count = 0;
    const uploadFile = () => {
      count += 1;
      return new Promise<never>(() => {});
    };
    const context = callContext(t.testdirName, { storage: { ...plain.storage, uploadFile } });
    const started = performance.now();
    await t.rejects(one.resolveRevision({}, {}, context), tooMany);
    t.ok(performance.now() - started < 1_900, 'before its time is over');
    t.equal(count, 32);
    t.equal(context.lines.length, 0);
    t.equal(await one.unavailable?.(context), null, 'the next call finds a fresh thread');
    await one.dispose?.();
    t.equal(threads.size, 0);
  });
});

t.test('empty lines are bounded too', async (t) => {
  const body = "for (let n = 0; n < 100_000; n += 1) context.log(''); return { id: 'r' }";
  const { one } = await providerOf(t, `async resolveRevision(config, want, context) { ${body} }`);
  const context = callContext('/tmp');
  await one.resolveRevision({}, {}, context);
  t.equal(context.lines.length, 40_001, 'and one that says so');
  t.match(context.lines.at(-1), /left out/);
});

t.test('no more calls are under way than may be; those that waited in vain say so', async (t) => {
  const root = t.testdir();
  const hang =
    'async validateConfig({ name }, context) { if (name !== "quick") await new Promise(() => {}); return []; },';
  const folder = await writePlugin(root, 'test', `export const providers = [${provider('test', hang)}];`);
  const limits = { callsAtOnce: 2, waitMs: 500, callMs: { validateConfig: 1_500 } };
  const { source, threads } = await sourceOf(t, [folder], limits);
  let most = 0;
  const validate = async (name: string) => {
    const one = (await source.current().providers.getProvider('test'))!;
    const answer = one.validateConfig!({ name }, callContext(root));
    most = Math.max(most, threads.size);
    return answer.catch((error: Error) => error).finally(() => one.dispose?.());
  };
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: 6 }, () => validate('hangs')));
  const codes = answers.map((answer) => (answer as { code?: string }).code);
  t.same(codes.toSorted(), [...Array(4).fill('plugin_busy'), ...Array(2).fill('plugin_timeout')]);
  t.match(answers[5], { name: 'WorldError', message: /was not asked: 2 calls of plugins were under way for 0\.5 s/ });
  t.ok(performance.now() - started < 5_000);
  t.equal(most, 2);
  t.same(await validate('quick'), [], 'a call that ended has made room');
  t.equal(threads.size, 0);
});

t.test('a full disk is the fault of the world, not of the plugin that was writing', async (t) => {
  const root = t.testdir();
  const full = `async validateConfig() { throw Object.assign(new Error('no space left'), { code: 'ENOSPC' }); },`;
  const folder = await writePlugin(root, 'test', `export const providers = [${provider('test', full)}];`);
  const { source } = await sourceOf(t, [folder]);
  const one = (await source.current().providers.getProvider('test'))!;
  await t.rejects(one.validateConfig!({}, callContext(root)), { name: 'WorldError', code: 'disk_full' });
  await one.dispose?.();
});

t.test('a call that was aborted while it waited leaves', async (t) => {
  const root = t.testdir();
  const hang = 'async validateConfig() { await new Promise(() => {}); },';
  const folder = await writePlugin(root, 'test', `export const providers = [${provider('test', hang)}];`);
  const { source } = await sourceOf(t, [folder], { callsAtOnce: 1 });
  const [one, two] = await Promise.all([1, 2].map(() => source.current().providers.getProvider('test')));
  const stop = new AbortController();
  const first = one!.validateConfig!({}, callContext(root));
  const second = two!.validateConfig!({}, callContext(root, { signal: stop.signal }));
  stop.abort(new Error('canceled'));
  await t.rejects(second, { message: 'canceled' });
  await t.rejects(first, { code: 'plugin_timeout' });
  await Promise.all([one?.dispose?.(), two?.dispose?.()]);
});

t.test("secrets of the call's config are masked in what the plugin prints, logs and throws", async (t) => {
  const methods = `async fetchSource(revision, config, workspace, context) {
      console.log('with ' + config.token + ' and ' + config.name, { nested: config.inner });
      console.log(Buffer.from('user:' + config.token).toString('base64') + config.tokens.npm);
      console.log(encodeURIComponent(config.token) + ' ' + JSON.stringify(config.token) + ' ' + config.pin);
      context.log('x'.repeat(63_990) + config.token);
      throw Object.assign(new Error('refused ' + config.token), { name: config.name, code: 'refused', hint: config.token });
    }`;
  const secret = (label: string) => `{ type: 'string', ui: { type: 'password', secret: true, label: '${label}' } }`;
  const schema = `{ type: 'object', properties: { token: ${secret('Token')}, pin: ${secret('Pin')},
    name: { type: 'string', ui: { type: 'text', label: 'Name' } },
    inner: { type: 'object', title: 'Inner', properties: { key: ${secret('Key')} } },
    tokens: { type: 'object', additionalProperties: { type: 'string' }, ui: { type: 'keyvalue', secret: true, label: 'T' } } } }`;
  const root = t.testdir();
  const code = `export const providers = [{ ...${provider('test', methods)}, configSchema: ${schema} }];`;
  const { source, warnings } = await sourceOf(t, [await writePlugin(root, 'test', code)]);
  t.same(warnings, []);
  const one = (await source.current().providers.getProvider('test'))!;
  const token = 'hunter2/"?';
  for (const name of ['UserError', 'TypeError']) {
    const context = callContext(root);
    const config = { token, name, pin: '12', inner: { key: 'inner-key' }, tokens: { npm: 'npm-token' } };
    const error: Error = await one.fetchSource({ id: 'r1' }, config, root, context).then(t.fail, (error) => error);
    t.match(error, { message: /refused \*\*\*/ });
    t.match(context.lines[0], `stdout: with *** and ${name} { nested: { key: '***' } }`);
    t.match(context.lines[1], /^stdout: dXNlcj.?(?:\*\*\*){2}$/);
    t.equal(context.lines[2], 'stdout: *** "***" 12', 'what is too short stays');
    t.notMatch(JSON.stringify([context.lines, { ...error, message: error.message }]), /hunter|inner-key|npm-token/);
  }
  await one.dispose?.();
});
