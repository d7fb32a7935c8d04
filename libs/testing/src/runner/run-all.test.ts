import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';

const tap = import.meta.resolve('tap');
const runner = pathToFileURL(fileURLToPath(new URL('./run-all.js', import.meta.url)));

/** A small repository of test files, each with a source and what it compiled to. */
async function repository(t: Test, files: Record<string, string | null>) {
  const root = t.testdir({});
  for (const [name, body] of Object.entries(files)) {
    const [group, ...rest] = name.split('/');
    const source = join(root, 'libs', group ?? '', 'src', ...rest);
    const compiled = source
      .replace('/src/', '/dist/')
      .replace(/\.ts$/, '.mjs')
      .replace(/\.mjs$/, '.js');
    await write(source, '');
    if (body !== null) await write(compiled, `import t from '${tap}';\n${body}`);
    await write(join(root, 'libs', group ?? '', 'package.json'), '{"type":"module"}');
  }
  return root;
}

async function write(path: string, text: string) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function startRun(
  root: string,
  options: { fast?: boolean; faults?: boolean; noSkips?: boolean; filters?: string[] } = {},
) {
  const settings = JSON.stringify({ root, fast: false, faults: false, noSkips: false, filters: [], ...options });
  const script = `import { runTests } from '${runner}';
    const stop = new AbortController(); process.on('SIGTERM', () => stop.abort());
    process.exitCode = await runTests({ ...${settings}, signal: stop.signal });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, output, last: output.trim().split('\n').at(-1) }));
  return { child, ended, saw: (text: string) => output.includes(text) };
}

t.setTimeout(120_000);

t.test('assertions are counted once, and skips are grouped by reason', async (t) => {
  const root = await repository(t, {
    'a/one.test.ts': `t.test('block', async (t) => { t.ok(1); t.ok(2); t.skip('no moon') });
      t.test('later', { skip: 'no moon' }, async () => {});`,
    'b/two.test.ts': `t.test('outer', async (t) => { await t.test('inner', async (t) => { t.ok(1); }) });`,
  });
  const { code, output, last } = await startRun(root).ended;
  t.equal(last, '3 passed, 0 failed, 2 skipped');
  t.match(output, '2 × no moon');
  t.equal(code, 0);
});

t.test('a failing assertion, a throw and an unbuilt test each fail the run', async (t) => {
  const root = await repository(t, {
    'a/assert.test.ts': `t.test('wrong', async (t) => { t.equal(1, 2, 'one is two'); t.ok(1) });`,
    'a/throw.test.ts': `throw new Error('at load');`,
    'a/unbuilt.test.ts': null,
  });
  const { code, output, last } = await startRun(root).ended;
  t.equal(last, '1 passed, 3 failed, 0 skipped');
  t.match(output, /wrong > one is two/);
  t.match(output, /at load/);
  t.match(output, /unbuilt\.test\.ts[\s\S]*not built/);
  t.equal(code, 1);
});

t.test('a run without any test fails', async (t) => {
  const { code, last } = await startRun(t.testdir({})).ended;
  t.equal(last, '0 passed, 0 failed, 0 skipped');
  t.equal(code, 1);
});

t.test('--fast leaves the end-to-end tests out, filters choose, --no-skips fails on a skip', async (t) => {
  const root = await repository(t, {
    'a/quick.test.ts': `t.ok(1);`,
    'a/slow.e2e.test.ts': `t.ok(1); t.ok(2);`,
    'b/skips.test.ts': `t.ok(1); t.test('x', { skip: 'why' }, async () => {});`,
  });
  t.equal((await startRun(root, { fast: true }).ended).last, '2 passed, 0 failed, 1 skipped');
  t.equal((await startRun(root, { filters: ['libs/a/'] }).ended).last, '3 passed, 0 failed, 0 skipped');
  t.equal((await startRun(root, { noSkips: true }).ended).code, 1);
});

t.test('fault tests run when they are asked for, alone, and tell what they measured', async (t) => {
  const root = await repository(t, {
    'a/quick.test.ts': `t.ok(1);`,
    'a/slow.fault.test.ts': `t.ok(1); t.ok(2); t.comment('measured: 2 s');
      t.test('inner', async (t) => { t.ok(1); t.comment('measured: 3 s') });`,
  });
  t.equal((await startRun(root).ended).last, '1 passed, 0 failed, 0 skipped');
  const { output, last } = await startRun(root, { faults: true }).ended;
  t.equal(last, '3 passed, 0 failed, 0 skipped');
  t.match(output, /^ {4}2 s\n {4}inner: 3 s$/m);
});

t.test('an interrupted run stops what it and its tests started', async (t) => {
  const root = await repository(t, {
    'a/hang.test.ts': `import { spawn } from 'node:child_process';
      const left = spawn('sleep', ['300']);
      console.error('sleeping', left.pid);
      (await import('node:fs')).writeFileSync(process.env.PID_FILE, String(left.pid));
      t.test('hangs', () => new Promise(() => setTimeout(() => {}, 100_000)));`,
  });
  const pidFile = join(root, 'pid');
  process.env.PID_FILE = pidFile;
  t.teardown(() => delete process.env.PID_FILE);
  const before = await readdir(tmpdir());
  const run = startRun(root);
  const pid = await eventually(async () => Number(await readFile(pidFile, 'utf8')));
  run.child.kill('SIGTERM');
  const { code, output } = await run.ended;
  t.equal(code, 1);
  t.match(output, 'the run was interrupted');
  t.ok(await eventually(async () => !isAlive(pid)));
  const after = await readdir(tmpdir());
  t.same(
    after.filter((name) => name.startsWith('pierhead-tests-') && !before.includes(name)),
    [],
  );
});

function isAlive(pid: number) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function eventually<T>(attempt: () => Promise<T>, limitMs = 20_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await attempt().catch(() => null);
    if (value) return value;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
