import { randomInt, randomUUID } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { dockerMissing, ensureBaseImages, removeTestImages, testEngine, until } from '@pierhead/testing';
import type { ImageInspectInfo } from 'dockerode';
import t from 'tap';
import { type BuildOptions, buildImage } from './build-image.js';
import { callEngine } from './call-engine.js';
import { connectEngine } from './connect-engine.js';
import { inspectImage, listImages, removeImage } from './images.js';
import { ownLabels } from './labels.js';

t.setTimeout(180_000);
const missing = await dockerMissing();
if (!missing) await ensureBaseImages();
const engine = testEngine();
const made: string[] = [];
t.teardown(() => removeTestImages(made));

const groups = '/sys/fs/cgroup';
const older = `${groups}/memory/memory.limit_in_bytes`;

type Extra = Partial<BuildOptions>;

function source(t: { testdir(files: Record<string, string>): string }, files: Record<string, string>): string {
  const folder = t.testdir({});
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

async function build(folder: string, extra: Extra = {}) {
  const output: string[] = [];
  const streams: string[] = [];
  const image = await buildImage(engine, {
    source: folder,
    context: '.',
    dockerfile: 'Dockerfile',
    signal: AbortSignal.timeout(60_000),
    onOutput: (text, stream) => {
      output.push(text);
      streams.push(stream);
    },
    ...extra,
  });
  made.push(image.digest);
  return { ...image, output: output.join('\n'), streams };
}

const inspect = (digest: string) =>
  callEngine<ImageInspectInfo>(engine, { method: 'GET', path: `/images/${digest}/json` });

t.test('an image is built, labelled, named, and told step by step', { skip: missing }, async (t) => {
  const stamp = randomUUID();
  const folder = source(t, { Dockerfile: `FROM busybox\nRUN echo ${stamp}; echo 'grün ✓' >&2\nCMD ["true"]\n` });
  const image = await build(folder, { labels: { extra: 'yes' } });
  t.match(image.digest, /^sha256:[a-f0-9]{64}$/);
  t.ok(image.bytes > 100_000);
  t.match(image.output, new RegExp(`#\\d \\[2/2\\] RUN echo ${stamp}`));
  t.match(image.output, new RegExp(`#\\d ${stamp}`));
  t.match(image.output, /#\d grün ✓/);
  t.match(image.output, /#\d DONE \d+\.\ds/);
  t.strictSame(new Set(image.streams), new Set(['system', 'stdout', 'stderr']));
  const found = await inspect(image.digest);
  t.match(found.Config.Labels, { 'pierhead.managed': 'true', extra: 'yes' });
  t.match(found.RepoTags, [/^pierhead\/build:[a-f0-9]{40}$/]);
  const again = await build(folder, { labels: { extra: 'yes' } });
  t.equal(again.digest, image.digest, 'equal content gives the same image');
  t.match(again.output, /#\d CACHED/);
});

t.test('.dockerignore keeps files out, the Dockerfile’s own one first', { skip: missing }, async (t) => {
  const list = `FROM busybox\nCOPY . /app\nRUN : ${randomUUID()}; cd /app && find . -type f | sort | tr "\\n" " "\n`;
  const folder = source(t, {
    Dockerfile: list,
    'docker/Web': list,
    'docker/Web.dockerignore': 'app/secret\n',
    'app/main.js': '',
    'app/secret': randomUUID(),
    '.dockerignore': '**\n!app/main.js\n',
  });
  t.match((await build(folder)).output, /#\d \.\/Dockerfile \.\/app\/main\.js \n/);
  const other = await build(folder, { dockerfile: 'docker/Web' });
  t.match(other.output, './.dockerignore ./Dockerfile ./app/main.js ./docker/Web ./docker/Web.dockerignore');
  const inner = await build(folder, { dockerfile: 'docker/Web', context: 'app' });
  t.match(inner.output, /\.\/\.pierhead\.Dockerfile \.\/main\.js \.\/secret/, 'patterns are relative to the context');
});

t.test('modes and links of the context survive, and everything belongs to root', { skip: missing }, async (t) => {
  const folder = source(t, {
    Dockerfile: `FROM busybox\nCOPY . /a\nRUN : ${randomUUID()}; ls -ln /a && /a/run\n`,
    run: '#!/bin/sh\necho ran',
  });
  chmodSync(join(folder, 'run'), 0o755);
  symlinkSync('run', join(folder, 'link'));
  const { output } = await build(folder);
  t.match(output, /-rwxr-xr-x +1 0 +0 .* run/);
  t.match(output, /link -> run/);
  t.match(output, /#\d ran/);
});

t.test('a failing step is reported with its line', { skip: missing }, async (t) => {
  const folder = source(t, { Dockerfile: 'FROM busybox\nWORKDIR /x\nRUN echo no && \\\n  exit 7\n' });
  await t.rejects(build(folder), {
    name: 'UserError',
    code: 'build_step_failed',
    line: /^Dockerfile:3: RUN echo no/,
    message: /exit code 7/,
  });
});

t.test('each way of being wrong has its own code', { skip: missing }, async (t) => {
  const cases: [string, string, string | undefined, Extra?][] = [
    ['FROM busybox\nRUNN x\n', 'dockerfile_syntax', 'Dockerfile:2: RUNN x'],
    ['', 'dockerfile_syntax', undefined],
    ['FROM busybox\nCOPY nope /\n', 'copy_source_not_found', 'Dockerfile:2: COPY nope /'],
    ['FROM busybox\n', 'target_stage_not_found', undefined, { target: 'nope' }],
    ['# syntax=evil/x\nFROM busybox\n', 'dockerfile_syntax_directive', 'Dockerfile:1: # syntax=evil/x'],
    ['FROM busybox\n', 'dockerfile_syntax_directive', undefined, { buildArgs: { BUILDKIT_SYNTAX: 'evil/x' } }],
    ['FROM busybox\n', 'build_args_too_large', undefined, { buildArgs: { A: 'x'.repeat(300_000) } }],
    ['FROM busybox\n', 'context_not_found', undefined, { context: 'nope' }],
    ['FROM busybox\n', 'path_outside_source', undefined, { context: '..' }],
    ['FROM 127.0.0.1:9/none\n', 'image_registry_unreachable', 'Dockerfile:1: FROM 127.0.0.1:9/none'],
  ];
  for (const [text, code, line, extra] of cases) {
    const error = await build(source(t, { Dockerfile: text }), extra).then(
      () => ({}),
      (thrown) => thrown,
    );
    t.match(error, { code }, code);
    t.equal(error.line, line, `${code} names its line`);
  }
});

t.test('a step whose program is for another processor is named so', { skip: missing }, async (t) => {
  const program = readFileSync('/bin/busybox');
  program.writeUInt16LE(program.readUInt16LE(18) === 183 ? 62 : 183, 18);
  const folder = source(t, { Dockerfile: 'FROM busybox\nCOPY app /bin/app\nRUN ["/bin/app", "true"]\n' });
  writeFileSync(join(folder, 'app'), program, { mode: 0o755 });
  await t.rejects(build(folder), { code: 'build_for_other_platform', line: /^Dockerfile:3: RUN/, hint: /platform/ });
});

t.test(
  'steps of every kind say that they come from the cache, and the end counts them',
  { skip: missing },
  async (t) => {
    const stamp = randomUUID();
    const Dockerfile = `FROM busybox AS one
WORKDIR /w
RUN echo ${stamp} > a
FROM busybox
COPY --from=one /w/a /a
ADD b /b
COPY b /c
RUN cat /a /b
`;
    const folder = source(t, { Dockerfile, b: stamp });
    t.match((await build(folder)).output, /^[01] of 6 steps from the cache$/m);
    const { output } = await build(folder);
    t.match(output, /^6 of 6 steps from the cache$/m);
    for (const kind of ['WORKDIR', 'RUN', 'COPY', 'ADD'])
      t.match(output, new RegExp(`#(\\d+) \\[[^\\]]+\\] ${kind}[^]*#\\1 CACHED`), kind);
    writeFileSync(join(folder, 'b'), 'another');
    const partly = await build(folder);
    t.match(partly.output, /^3 of 6 steps from the cache$/m);
    t.match(partly.output, /#(\d+) \[[^\]]+\] RUN cat.*#\1 DONE/s);
  },
);

t.test('output arrives while its step still runs', { skip: missing }, async (t) => {
  const folder = source(t, { Dockerfile: `FROM busybox\nRUN : ${randomUUID()}; echo begun; sleep 3; echo over\n` });
  const seen: Record<string, number> = {};
  const onOutput = (text: string) => {
    for (const [, word] of text.matchAll(/^#\d (begun|over)$/gm)) seen[word!] = performance.now();
  };
  await build(folder, { onOutput });
  t.ok(seen.over! - seen.begun! > 2_000, `${seen.over! - seen.begun!} ms before the end`);
});

t.test('an abort stops the build in the engine', { skip: missing }, async (t) => {
  const seconds = 4_000 + Math.floor(Math.random() * 1e6);
  const folder = source(t, { Dockerfile: `FROM busybox\nRUN echo begun; sleep ${seconds}\n` });
  const stopping = new AbortController();
  const onOutput = (text: string) => {
    if (/^#\d begun$/m.test(text)) stopping.abort();
  };
  await t.rejects(build(folder, { signal: stopping.signal, onOutput }), { name: 'AbortError' });
  t.notOk(await runningPid(`sleep ${seconds}`), 'no process of the build is left');
  await t.rejects(
    build(folder, { signal: stopping.signal }),
    { name: 'AbortError' },
    'an aborted signal starts nothing',
  );
});

async function runningPid(command: string): Promise<string | undefined> {
  const { readdir, readFile } = await import('node:fs/promises');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.find((_, index) => lines[index]?.replaceAll('\0', ' ').trim() === command);
}

t.test('a step that the kernel kills for its memory is named so', { skip: missing || cannotLimit() }, async (t) => {
  const seconds = String(randomInt(100_000, 1_000_000));
  const folder = source(t, { Dockerfile: `FROM busybox\nRUN sleep ${seconds}; tail /dev/zero\n` });
  const failed = t.rejects(build(folder), {
    code: 'build_out_of_memory',
    message: /exit code 137/,
    line: /^Dockerfile:2: RUN/,
    hint: /memory/,
  });
  let pid: string | undefined;
  await until('the step runs', async () => {
    pid = await runningPid(`sleep ${seconds}`);
    return pid !== undefined;
  });
  limitMemory(pid!, 64 * 1_048_576);
  process.kill(Number(pid));
  await failed;
});

/** Why a test may not set the limit of a control group, or false. */
function cannotLimit(): string | false {
  const ours = existsSync(older) ? older : `${groups}/cgroup.subtree_control`;
  try {
    accessSync(ours, constants.W_OK);
    return false;
  } catch {
    return 'control groups are not this user\u2019s to limit';
  }
}

/** Limits the control group that a process is in. */
function limitMemory(pid: string, bytes: number): void {
  const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  const [, path] = (existsSync(older) ? /^\d+:memory:(.+)$/m : /^0::(.+)$/m).exec(own) ?? [];
  const file = existsSync(older) ? `${groups}/memory${path}/memory.limit_in_bytes` : `${groups}${path}/memory.max`;
  writeFileSync(file, String(bytes));
}

t.test('steps run in the group that is capped, or in one of their own that is', { skip: missing }, async (t) => {
  const folder = source(t, { Dockerfile: `FROM busybox\nRUN : ${randomUUID()}; cat /proc/self/cgroup\n` });
  const { output } = await build(folder);
  t.match(output, /:\/docker\/buildkit\/[a-z0-9]+$|:docker:[a-z0-9]{20,}$|0::\/$/m);
});

t.test('a hundred thousand lines of a step all arrive', { skip: missing }, async (t) => {
  const folder = source(t, { Dockerfile: `FROM busybox\nRUN : ${randomUUID()}; yes '' | head -n 100000\n` });
  const { output } = await build(folder);
  t.equal(output.split('\n').filter((line) => /^#\d $/.test(line)).length, 100_000);
});

t.test('an engine that is not there is the world’s failure', async (t) => {
  const gone = connectEngine(`unix://${t.testdirName}/none.sock`);
  const folder = source(t, { Dockerfile: 'FROM busybox\n' });
  const options = { source: folder, context: '.', dockerfile: 'Dockerfile', signal: AbortSignal.timeout(5_000) };
  await t.rejects(buildImage(gone, { ...options, onOutput: () => {} }), {
    name: 'WorldError',
    code: 'docker_unavailable',
  });
});

t.test('only what an installation built is listed and removed', { skip: missing }, async (t) => {
  const [one, another] = [randomUUID(), randomUUID()];
  const folder = source(t, { Dockerfile: `FROM busybox\nLABEL a=${randomUUID()}\n` });
  const unlabelled = await build(folder);
  const { digest } = await build(folder, { labels: ownLabels(one) });
  const [listed, ...others] = await listImages(engine, one);
  t.match(listed, { digest });
  t.ok(Math.abs(Date.now() - (listed?.madeAt ?? 0)) < 60_000, 'with the time at which it was made');
  t.same(others, []);
  t.same(await listImages(engine, another), []);
  const base = await inspectImage(engine, 'busybox');
  for (const id of [base?.id ?? '', unlabelled.digest]) t.equal(await removeImage(engine, id, one), false);
  t.equal(await removeImage(engine, digest, another), false);
  t.equal((await build(folder, { labels: ownLabels(one) })).digest, digest);
  const [again] = await listImages(engine, one);
  t.ok((again?.madeAt ?? 0) > (listed?.madeAt ?? 0), 'building the same again makes it young again');
  t.equal(await removeImage(engine, digest, one), true);
  t.equal(await removeImage(engine, digest, one), false);
  t.equal(await inspectImage(engine, digest), null);
});
