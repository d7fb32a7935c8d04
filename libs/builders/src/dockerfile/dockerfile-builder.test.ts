import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { callEngine, inspectImage } from '@pierhead/docker';
import { createRegistries } from '@pierhead/registry';
import {
  builderContract,
  dockerMissing,
  ensureBaseImages,
  nodeAppFiles,
  recordingContext,
  removeTestImages,
  testEngine,
} from '@pierhead/testing';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { createDockerfileBuilder } from './dockerfile-builder.js';
import type { DockerfileConfig } from './dockerfile-config.js';
import { manifest } from './index.js';

t.setTimeout(180_000);
const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
const made: string[] = [];
/** On what the contract builds, whose digests only it sees. */
const contractLabel = `pierhead.test=${randomUUID()}`;
t.teardown(async () => {
  if (skip) return;
  const query = { filters: { label: [contractLabel] } };
  const found = await callEngine<{ Id: string }[]>(testEngine(), { method: 'GET', path: '/images/json', query });
  await removeTestImages([...made, ...found.map((image) => image.Id)]);
});

const { builders } = createRegistries({ providers: [], builders: [manifest], runtimes: [] });
const validate = async (config: Record<string, unknown>) =>
  (await builders.validateBuilderConfig('dockerfile', config))!;

/** Builds `files` with a config that went through validation, as every config does. */
async function build(t: Test, files: Parameters<Test['testdir']>[0], config: Record<string, unknown> = {}) {
  const context = await recordingContext(t);
  const valid = await validate(config);
  t.same(valid.errors, []);
  const source = { kind: 'tree' as const, path: t.testdir(files) };
  const artifact = await createDockerfileBuilder().build(source, valid.config as DockerfileConfig, context);
  made.push(artifact.digest);
  return { artifact, log: context.lines.join('\n') };
}

builderContract(manifest, {
  skip,
  prepare: async (t) => {
    const good = { Dockerfile: `FROM busybox\nLABEL ${contractLabel}\n` };
    const folder = t.testdir({ good, bad: { Dockerfile: 'FROM busybox\nRUN exit 1\n' } });
    const tree = (name: string) => ({ source: { kind: 'tree' as const, path: join(folder, name) } });
    return { ...tree('good'), broken: tree('bad') };
  },
});

t.test('dockerfilePath and context choose the file and the folder', { skip }, async (t) => {
  const stamp = randomUUID();
  const files = { 'Web.dockerfile': 'FROM busybox\nCOPY only /x\nRUN cat /x\n', only: 'wrong', app: { only: stamp } };
  const { log } = await build(t, files, {
    dockerfilePath: 'Web.dockerfile',
    context: 'app',
  });
  t.match(log, ` ${stamp}`);
});

t.test('buildArgs reach the build byte for byte', { skip }, async (t) => {
  const value = ` q"uo'te $HOME \`x\` \\ %s\nline ✓ ${randomUUID()}`;
  const Dockerfile = 'FROM busybox\nARG VALUE\nRUN printf "%s" "$VALUE" | base64 | tr -d "\\n"\n';
  const { log } = await build(t, { Dockerfile }, { buildArgs: { VALUE: value } });
  t.match(log, Buffer.from(value).toString('base64'));
});

t.test('secrets are mounted into the steps that ask for them, and change no artifact', { skip }, async (t) => {
  const token = `hush-${randomUUID()}`;
  const Dockerfile = `FROM busybox\nRUN --mount=type=secret,id=token : ${randomUUID()}; rev /run/secrets/token\n`;
  const { artifact, log } = await build(t, { Dockerfile }, { secrets: { token } });
  t.match(log, [...token].reverse().join(''));
  const again = await build(t, { Dockerfile }, { secrets: { token: 'another' } });
  t.equal(again.artifact.digest, artifact.digest);
});

t.test('a cache mount keeps what one build left for the next', { skip }, async (t) => {
  const stamp = randomUUID();
  const mount = `RUN --mount=type=cache,id=${stamp},target=/cache`;
  const Dockerfile = (step: string) => ({
    Dockerfile: `FROM busybox\n${mount} ${step}\nRUN echo in the image: $(ls -A /cache)\n`,
  });
  const first = await build(t, Dockerfile(`echo ${stamp} > /cache/left`));
  const second = await build(t, Dockerfile('cat /cache/left'));
  t.match(second.log, new RegExp(`^#\\d ${stamp}$`, 'm'));
  t.match(first.log, /^#\d in the image:$/m);
});

/** Whatever a value may hold, as users paste it: quotes, dollars, breaks, other scripts. */
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'pa$$word',
        '{$HOME}',
        '$HOME',
        '"',
        "'",
        '\\',
        '\n',
        '\r\n',
        '\t',
        '=',
        '#',
        '`id`',
        '$(id)',
        '%s',
        ' ',
        '🚀',
        '✓',
      ),
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

t.test('build args and secrets arrive byte for byte, whatever they hold', { skip }, async (t) => {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 20, maxLength: 20 }), async (values) => {
      const names = values.map((_, index) => `A${index}`);
      const Dockerfile = `FROM node:20-slim
ARG ${names.join(' ')}
RUN ${names.map((name) => `--mount=type=secret,id=${name}`).join(' ')} : ${randomUUID()}; node -e '\
  const tell = (...words) => console.log(...words); const fs = require("fs"); \
  const digest = (bytes) => require("crypto").createHash("sha256").update(bytes).digest("hex"); \
  for (const name of "${names.join(' ')}".split(" ")) \
    tell(name, digest(process.env[name]), digest(fs.readFileSync("/run/secrets/" + name)));'
`;
      const config = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
      const { log } = await build(t, { Dockerfile }, { buildArgs: config, secrets: config });
      return names.every((name) => log.includes(` ${name} ${digest(config[name]!)} ${digest(config[name]!)}`));
    }),
    { numRuns: 5 },
  );
});

t.test('target stops at its stage', { skip }, async (t) => {
  const Dockerfile = `FROM busybox AS one\nRUN echo ${randomUUID()}\nFROM one AS two\nRUN exit 1\n`;
  t.match((await build(t, { Dockerfile }, { target: 'one' })).log, /RUN echo/);
  await t.rejects(build(t, { Dockerfile }, { target: 'two' }), {
    code: 'build_step_failed',
    line: 'Dockerfile:4: RUN exit 1',
  });
});

t.test('platform decides what the image is for', { skip }, async (t) => {
  const Dockerfile = `FROM scratch\nLABEL stamp=${randomUUID()}\nCOPY Dockerfile /\n`;
  const { artifact } = await build(t, { Dockerfile }, { platform: 'linux/arm64' });
  const call = { method: 'GET', path: `/images/${artifact.digest}/json` } as const;
  t.equal((await callEngine<{ Architecture: string }>(testEngine(), call)).Architecture, 'arm64');
});

t.test('cacheFrom is asked, and an image that cannot be had costs no build', { skip }, async (t) => {
  const Dockerfile = `FROM busybox\nRUN echo ${randomUUID()}\n`;
  const { log } = await build(t, { Dockerfile }, { cacheFrom: ['127.0.0.1:9/cache:1'] });
  t.match(log, 'importing cache manifest from 127.0.0.1:9/cache:1');
});

t.test('an image depends on its base images as they are in the engine', { skip }, async (t) => {
  const source = { kind: 'tree' as const, path: t.testdir({ Dockerfile: 'ARG BASE=busybox\nFROM $BASE\n' }) };
  const context = await recordingContext(t);
  const inputs = async (buildArgs = {}) => {
    const { config } = await validate({ buildArgs });
    return createDockerfileBuilder().inputs(source, config as DockerfileConfig, context);
  };
  const named = async (image: string) => `${image}@${(await inspectImage(testEngine(), image))!.id}`;
  t.same(await inputs(), [await named('busybox:latest')]);
  t.same(await inputs({ BASE: 'node:20-slim' }), [await named('node:20-slim')]);
  t.equal(await inputs({ BASE: 'not-here:1' }), null, 'it is still to be pulled');
  t.equal(await inputs({ BASE: 'No Image' }), null);
});

t.test('an image is built in the engine, with the labels of Pierhead', { skip }, async (t) => {
  const { artifact } = await build(t, nodeAppFiles(randomUUID()));
  t.match(await inspectImage(testEngine(), artifact.digest), {
    labels: { 'pierhead.managed': 'true', 'pierhead.installation': 'conformance' },
    bytes: artifact.kind === 'image' && artifact.bytes,
  });
});

t.test('a machine that cannot cap builds says why', async (t) => {
  const { host, signal } = await recordingContext(t);
  const buildCaps = { memoryBytes: 1, cpus: 1, pids: 1, cgroup: 'docker/buildkit' };
  const elsewhere = { ...host, dockerHost: 'tcp://engine.example:2375', buildCaps };
  const builder = createDockerfileBuilder();
  t.match(await builder.notices({ host: elsewhere, signal }), [/^Builds are not held to .*not on this machine$/]);
  t.same(await builder.notices({ host: { ...host, buildCaps: undefined }, signal }), []);
});

t.test('configs that lead elsewhere are refused', async (t) => {
  const bad: [Record<string, unknown>, string][] = [
    [{ dockerfilePath: '../Dockerfile' }, '/dockerfilePath'],
    [{ dockerfilePath: '/etc/passwd' }, '/dockerfilePath'],
    [{ dockerfilePath: 'a/../../b' }, '/dockerfilePath'],
    [{ dockerfilePath: 'a;id' }, '/dockerfilePath'],
    [{ dockerfilePath: 'a\nb' }, '/dockerfilePath'],
    [{ context: '..' }, '/context'],
    [{ context: 'http://evil.example/x.tar' }, '/context'],
    [{ target: '--x' }, '/target'],
    [{ platform: 'linux' }, '/platform'],
    [{ cacheFrom: ['type=local,src=/'] }, '/cacheFrom/0'],
    [{ buildArgs: { BUILDKIT_SYNTAX: 'evil/x' } }, '/buildArgs'],
    [{ buildArgs: { 'a=b': 'c' } }, '/buildArgs'],
    [{ secrets: { '../a': 'c' } }, '/secrets'],
    [{ secrets: { a: 5 } }, '/secrets'],
    [{ privileged: true }, '/privileged'],
  ];
  for (const [config, path] of bad) {
    const { valid, errors } = await validate(config);
    t.equal(valid, false, JSON.stringify(config));
    t.ok(
      errors.some((error) => error.path.startsWith(path)),
      path,
    );
  }
  t.match(await validate({}), {
    valid: true,
    config: { dockerfilePath: 'Dockerfile', context: '.', buildArgs: {}, cacheFrom: [] },
  });
});
