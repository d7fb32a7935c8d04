import { randomUUID } from 'node:crypto';
import { callEngine } from '@pierhead/docker';
import type { Artifact, CallContext } from '@pierhead/model';
import { until } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { engine, image as imageOf, type ServiceOptions, service, skip } from './fixture.js';

t.setTimeout(120_000);

const image = (t: Test, from: string, more = '') =>
  imageOf(t, { Dockerfile: `FROM ${from}\n${more}\nENTRYPOINT ["echo", "entry"]\nCMD ["cmd"]\n` });

async function setUp(t: Test, options: ServiceOptions = {}) {
  const lines: string[] = [];
  const log: CallContext['log'] = (text, stream = 'stdout') => void lines.push(`${stream} ${text}`);
  const { containers, ...found } = await service(t, { host: { installation: randomUUID() }, log, ...options });
  const id = randomUUID();
  const run = (artifact: Artifact, ...argv: string[]) =>
    found.runtime.run(artifact, { id, argv }, found.spec, found.context);
  return { ...found, lines, id, left: containers, run };
}

t.test('answers the exit code, tells every line in its stream, and leaves nothing', { skip }, async (t) => {
  const { run, lines, left } = await setUp(t);
  const script =
    'echo one; echo two >&2; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done; printf end; exit 7';
  t.same(await run(await image(t, 'busybox'), 'sh', '-c', script), { exitCode: 7 });
  t.equal(lines.length, 3_003);
  t.ok(['stdout one', 'stderr two', 'stdout line 3000', 'stdout end'].every((each) => lines.includes(each)));
  t.same(await left(), []);
});

t.test('arguments and variables arrive byte for byte, and no shell sees them', { skip }, async (t) => {
  const odd = { A: `$HOME \`id\` "q'`, B: 'one\ntwo', C: '', D: 'grün 🚀', E: 'x'.repeat(60_000) };
  const words = ['$HOME; id', '', 'a b', '*', '--flag=\n"', '🚀'];
  const { run, lines } = await setUp(t, { variables: odd });
  const print = 'console.log(JSON.stringify([process.argv.slice(1), process.env]))';
  t.same(await run(await image(t, 'node:20-slim'), 'node', '-e', print, '--', ...words), { exitCode: 0 });
  const [argv, env] = JSON.parse(lines.map((line) => line.slice('stdout '.length)).join(''));
  t.same(argv, words);
  t.match(env, odd);
});

t.test('the container is that of a replica, is taken for none, and has a way out', { skip }, async (t) => {
  const stop = new AbortController();
  const config = { resources: { cpus: 0.5, memoryBytes: 67_108_864 }, replicas: 3 };
  const { run, runtime, spec, context, left, id } = await setUp(t, { config, signal: stop.signal });
  const forged = `LABEL pierhead.deployment=${spec.deploymentId} pierhead.environment=production pierhead.command=forged`;
  const running = run(
    await image(t, 'busybox', forged),
    'sh',
    '-c',
    'trap "" TERM; echo up; sleep 600 & wait; sleep 600',
  );
  const outcome = t.rejects(running, { message: 'enough' });
  await until('it runs', async () => (await left()).some(({ state }) => state === 'running'));
  const [container] = await left();
  const found = await callEngine<{ HostConfig: object; Config: object; Mounts: unknown[] }>(engine, {
    method: 'GET',
    path: `/containers/${container!.id}/json`,
  });
  t.match(found.HostConfig, {
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    Privileged: false,
    PidsLimit: 512,
    Memory: 67_108_864,
    NanoCpus: 500_000_000,
    RestartPolicy: { Name: 'no' },
    PortBindings: null,
    Binds: null,
  });
  const other = { ...context, signal: AbortSignal.timeout(30_000) };
  t.same(await runtime.list(other), []);
  t.equal(await runtime.adopt(spec, other), null);
  await runtime.stop(spec, other);
  for await (const line of runtime.logs(spec, { follow: false }, other)) t.fail(line.text);
  t.same(await runtime.runs(other), [id]);
  t.equal((await left()).length, 1);
  const asked = performance.now();
  stop.abort(new Error('enough'));
  await outcome;
  t.ok(performance.now() - asked > 9_000, 'it had time to end by itself');
  t.same(await left(), []);
});

t.test('what was left of a command is found, and ended', { skip }, async (t) => {
  const { run, runtime, spec, context, left, id } = await setUp(t);
  const artifact = await image(t, 'busybox');
  const running = run(artifact, 'sleep', '600').catch(() => {});
  await until('it runs', async () => (await left()).some(({ state }) => state === 'running'));
  t.same(await runtime.runs({ ...context, host: { ...context.host, installation: 'another' } }), []);
  await runtime.endRun(randomUUID(), context);
  t.same(await runtime.runs(context), [id]);
  await runtime.endRun(id, context);
  await running;
  t.same(await left(), []);
  await runtime.endRun(id, context);
  t.equal(spec.config.replicas, 1);
});

t.test('a program that is not there fails by name', { skip }, async (t) => {
  const { run, left } = await setUp(t);
  await t.rejects(run(await image(t, 'busybox'), 'no-such-program'), {
    name: 'UserError',
    code: 'command_not_executable',
    message: /no-such-program/,
  });
  t.same(await left(), []);
});
