import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { callEngine, createContainer, listContainers, ownLabels, runInside } from '@pierhead/docker';
import type { Health, Instance, OutputLine } from '@pierhead/model';
import { busyboxAppFiles, nodeAppFiles, runtimeContract, until } from '@pierhead/testing';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { build, engine, image, service, skip, validate } from './fixture.js';
import { manifest } from './index.js';

t.setTimeout(240_000);

interface Inspected {
  Name: string;
  Mounts: unknown[];
  Config: { Cmd: string[]; Env: string[]; Labels: Record<string, string> };
  HostConfig: Record<string, object | null>;
}

const script = (command: string) => ({
  Dockerfile: `FROM busybox\nCMD ["sh", "-c", ${JSON.stringify(command)}]\n`,
});

async function setUp(t: Test, config: Record<string, unknown> = {}, variables: Record<string, string> = {}) {
  const found = await service(t, { config, variables });
  const { runtime, spec, context } = found;
  const probe = (instance: Instance) => runtime.probe(instance, spec, context);
  const healthy = async (instance: Instance) => {
    for (let tries = 0; tries < 400; tries++) {
      if ((await probe(instance)).healthy) return true;
      await delay(25);
    }
    return false;
  };
  return { ...found, probe, healthy };
}

const inspect = (id: string) => callEngine<Inspected>(engine, { method: 'GET', path: `/containers/${id}/json` });
const urlOf = ({ upstreams: [first] }: Instance) =>
  first?.kind === 'http' ? `http://${first.host}:${first.port}` : '';

runtimeContract(manifest, {
  skip,
  prepare: async (t) => ({ artifact: await image(t, busyboxAppFiles()), config: { healthCheck: { path: '/' } } }),
});

t.test('every variable reaches the process byte for byte, and PORT is added', { skip }, async (t) => {
  const odd = {
    A: `$HOME $\{PATH} \`id\` $(id)`,
    B: 'q"uo\'te\\',
    C: 'one\ntwo\r\n\ttab',
    D: ' =lead',
    E: '',
    F: 'grün ✓ 🚀',
    G: 'x'.repeat(60_000),
  };
  const { runtime, spec, context, healthy } = await setUp(t, {}, odd);
  const instance = await runtime.start(await image(t, nodeAppFiles()), spec, context);
  t.ok(await healthy(instance));
  const seen = (await (await fetch(`${urlOf(instance)}/env`)).json()) as Record<string, string>;
  for (const [name, value] of Object.entries(odd)) t.ok(seen[name] === value, name);
  t.equal(seen.PORT, '8080');
});

t.test('so does any text, whatever is in it', { skip }, async (t) => {
  const hostile = fc.constantFrom(
    'pa$$word',
    '"',
    "'",
    '\\',
    '\n',
    '\r\n',
    '=',
    '`id`',
    '$(id)',
    `$\{A}`,
    '%00',
    '🚀',
    ' ',
  );
  const value = fc
    .array(fc.oneof(hostile, fc.string({ unit: 'grapheme' })), { maxLength: 8 })
    .map((parts) => parts.join(''));
  const sendable = value.filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);
  const values = fc.sample(sendable, 300);
  const variables = Object.fromEntries(values.map((text, index) => [`V${index}`, text]));
  const { runtime, spec, context, healthy } = await setUp(t, {}, variables);
  const instance = await runtime.start(await image(t, nodeAppFiles()), spec, context);
  t.ok(await healthy(instance));
  const seen = (await (await fetch(`${urlOf(instance)}/env`)).json()) as Record<string, string>;
  const wrong = Object.entries(variables).filter(([name, text]) => seen[name] !== text);
  t.same(wrong, []);
});

t.test('an app that does not end when it is asked to is ended', { skip }, async (t) => {
  const { runtime, spec, context, healthy } = await setUp(t, { port: 8_000, command: ['httpd', '-f', '-p', '8000'] });
  t.ok(await healthy(await runtime.start(await image(t, busyboxAppFiles()), spec, context)));
  const began = performance.now();
  await runtime.stop(spec, context);
  t.ok(performance.now() - began > 9_000, 'after its ten seconds');
  t.same(await listContainers(engine, { 'pierhead.service': spec.serviceId }), []);
});

t.test('a container gets what the allow-list names and no more', { skip }, async (t) => {
  const config = { resources: { cpus: 0.5, memoryBytes: 67_108_864 }, command: ['sleep', '600'], port: 1234 };
  const { runtime, spec, context } = await setUp(t, config);
  const artifact = await image(t, { Dockerfile: `FROM busybox\nLABEL pierhead.deployment=forged s=${randomUUID()}\n` });
  const { ids, upstreams } = await runtime.start(artifact, spec, context);
  t.match(upstreams, [{ kind: 'http', host: /^\d+\.\d+\.\d+\.\d+$/, port: 1234 }]);
  const found = await inspect(ids[0] ?? '');
  t.match(found.HostConfig, {
    CapDrop: ['ALL'],
    CapAdd: ['CHOWN', 'SETUID', 'SETGID', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'NET_BIND_SERVICE'],
    SecurityOpt: ['no-new-privileges:true'],
    Privileged: false,
    PidsLimit: 512,
    Memory: 67_108_864,
    MemorySwap: 67_108_864,
    NanoCpus: 500_000_000,
    RestartPolicy: { Name: 'unless-stopped' },
    NetworkMode: /^container:[0-9a-f]{64}$/,
    PidMode: '',
    UsernsMode: '',
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
  });
  for (const empty of [found.HostConfig.Binds, found.HostConfig.Devices, found.HostConfig.PortBindings, found.Mounts]) {
    t.equal(Object.keys(empty ?? {}).length, 0);
  }
  t.same(found.Config.Cmd, ['sleep', '600']);
  t.match(found.Config.Labels, {
    'pierhead.managed': 'true',
    'pierhead.installation': 'conformance',
    'pierhead.service': spec.serviceId,
    'pierhead.environment': 'production',
    'pierhead.deployment': spec.deploymentId,
  });
  t.equal(found.Name, `/pierhead-web-${spec.deploymentId.slice(-12)}-1`);
});

t.test('limits and defaults are always there', async (t) => {
  t.match(await validate({}), {
    valid: true,
    config: {
      replicas: 1,
      healthCheck: { intervalSeconds: 10, timeoutSeconds: 5, graceSeconds: 60 },
      resources: { cpus: 1, memoryBytes: 536_870_912 },
    },
  });
  const bad = [
    { replicas: 21 },
    { port: 0 },
    { resources: { memoryBytes: 1 } },
    { healthCheck: { path: 'x' } },
    { privileged: true },
    { healthCheck: { path: '/a\r\nb' } },
  ];
  for (const config of bad) t.equal((await validate(config)).valid, false, JSON.stringify(config));
});

t.test('the port is the configured one, PORT, the only exposed one, or 8080', { skip }, async (t) => {
  const serve = {
    Dockerfile: `FROM busybox\nEXPOSE 8123\nEXPOSE 53/udp\nCMD ["sleep", "600"]\n`,
  };
  const artifact = await image(t, serve);
  const portWith = async (config: Record<string, unknown>, variables: Record<string, string>) => {
    const { runtime, spec, context } = await setUp(t, config, variables);
    const instance = await runtime.start(artifact, spec, context);
    const { Config } = await inspect(instance.ids[0] ?? '');
    await Promise.all(
      instance.ids.map((id) =>
        callEngine(engine, { method: 'DELETE', path: `/containers/${id}`, query: { force: true } }),
      ),
    );
    return [instance.upstreams[0], Config.Env.find((each) => each.startsWith('PORT='))];
  };
  t.match(await portWith({}, {}), [{ port: 8123 }, 'PORT=8123']);
  t.match(await portWith({}, { PORT: '5000' }), [{ port: 5000 }, 'PORT=5000']);
  t.match(await portWith({ port: 6000 }, { PORT: '5000' }), [{ port: 6000 }, 'PORT=5000']);
});

t.test('an app that exits is told with its code and its last words', { skip }, async (t) => {
  const { runtime, spec, context, healthy } = await setUp(t);
  const artifact = await image(t, script('echo starting; sleep 1; echo "cannot find the database" >&2; exit 42'));
  const attempt = async () => healthy(await runtime.start(artifact, spec, context));
  await t.rejects(attempt(), {
    name: 'UserError',
    code: 'app_exited',
    message: /code 42.*starting\ncannot find/s,
    line: 'cannot find the database',
  });
});

t.test('an app that takes too much memory is told so', { skip }, async (t) => {
  const { runtime, spec, context, healthy } = await setUp(t, { resources: { cpus: 1, memoryBytes: 33_554_432 } });
  const artifact = await image(t, {
    Dockerfile: 'FROM busybox\nCMD ["dd", "if=/dev/zero", "of=/dev/null", "bs=400M"]\n',
  });
  const attempt = async () => healthy(await runtime.start(artifact, spec, context));
  await t.rejects(attempt(), {
    code: 'app_out_of_memory',
    message: /more memory than the 32 MiB that it may use/,
    hint: /resources\.memoryBytes/,
  });
});

t.test('an app that was killed without a word of why is told what that mostly means', { skip }, async (t) => {
  const { runtime, spec, context, healthy } = await setUp(t);
  const artifact = await image(t, script('sleep 1; exit 137'));
  const attempt = async () => healthy(await runtime.start(artifact, spec, context));
  await t.rejects(attempt(), {
    code: 'app_out_of_memory',
    message: /was killed \(exit code 137\).* more memory than the \d+ MiB/,
  });
});

/** The machine's busybox, said to be for another processor. */
function foreignBusybox(): Buffer {
  const program = readFileSync('/bin/busybox');
  const [arm, x86] = [183, 62];
  program.writeUInt16LE(program.readUInt16LE(18) === arm ? x86 : arm, 18);
  return program;
}

t.test('an image for another platform is told so, and a script without a first line is none', { skip }, async (t) => {
  const { runtime, spec, context, healthy } = await setUp(t);
  const source = t.testdir({ Dockerfile: `FROM scratch\nLABEL s=${randomUUID()}\nCOPY app /app\nCMD ["/app"]\n` });
  const attempt = async (app: Buffer | string, platform?: string) => {
    writeFileSync(join(source, 'app'), app, { mode: 0o755 });
    return healthy(await runtime.start(await build(source, platform ? { platform } : {}), spec, context));
  };
  const other = process.arch === 'arm64' ? 'amd64' : 'arm64';
  await t.rejects(attempt(foreignBusybox(), `linux/${other}`), {
    code: 'image_for_other_platform',
    message: new RegExp(`is for linux/${other}, and this machine runs linux/`),
    hint: /Build the image for linux\//,
  });
  await t.rejects(attempt('echo no first line\n'), { code: 'command_not_executable' });
});

t.test('a command that is not in the image is the user’s failure, and leaves nothing', { skip }, async (t) => {
  const { runtime, spec, context } = await setUp(t, { command: ['/no/such'], replicas: 2 });
  await t.rejects(runtime.start(await image(t, script('true')), spec, context), { code: 'command_not_executable' });
  t.same(await listContainers(engine, { 'pierhead.deployment': spec.deploymentId }), []);
  const gone = { kind: 'image' as const, digest: `sha256:${'0'.repeat(64)}`, bytes: 0 };
  await t.rejects(runtime.start(gone, spec, context), { code: 'image_missing' });
});

t.test('two volumes in one folder are the user’s failure', { skip }, async (t) => {
  const volumes = ['one', 'two'].map((name) => ({ name, path: '/data' }));
  const { runtime, spec, context } = await setUp(t, { volumes });
  await t.rejects(runtime.start(await image(t, script('true')), spec, context), { code: 'volumes_conflict' });
  await runtime.forget?.(spec.serviceId, context);
});

t.test('the reason says what is wrong while health may still come', { skip }, async (t) => {
  const { runtime, spec, context, probe, healthy } = await setUp(t, { healthCheck: { path: '/broken' } });
  const instance = await runtime.start(await image(t, nodeAppFiles()), spec, context);
  const reasons = new Set<string>();
  for (let tries = 0; tries < 400 && !reasons.has('GET /broken answered 500, not 200-399'); tries++) {
    const health = await probe(instance);
    if (!health.healthy) reasons.add(health.reason);
    await delay(25);
  }
  t.ok(reasons.has('GET /broken answered 500, not 200-399'), [...reasons].join(', '));
  const opened = { ...spec, config: { ...spec.config, healthCheck: { ...spec.config.healthCheck, path: undefined } } };
  t.match(await runtime.probe(instance, opened, context), { healthy: true }, 'an open port is enough without a path');
  await callEngine(engine, { method: 'DELETE', path: `/containers/${instance.ids[0]}`, query: { force: true } });
  await t.rejects(healthy(instance), { code: 'app_removed' });
});

t.test('a health path may answer with whatever the config says', { skip }, async (t) => {
  const healthCheck = { path: '/broken', statuses: '404, 500-503' };
  const { runtime, spec, context, healthy } = await setUp(t, { healthCheck });
  t.ok(await healthy(await runtime.start(await image(t, nodeAppFiles()), spec, context)));
  for (const statuses of ['600', '20', '200-', '200;300', ''])
    t.equal((await validate({ healthCheck: { path: '/', statuses } })).valid, false, statuses);
});

t.test('the image’s own HEALTHCHECK has to succeed too, unless it shall not', { skip }, async (t) => {
  const files = busyboxAppFiles();
  const check = 'HEALTHCHECK CMD test -f /tmp/well || { echo not yet; exit 1; }\n';
  const artifact = await image(t, { ...files, Dockerfile: `${files.Dockerfile}LABEL s=${randomUUID()}\n${check}` });
  const { runtime, spec, context, probe } = await setUp(t);
  const instance = await runtime.start(artifact, spec, context);
  await until('the port is open', async () => /HEALTHCHECK/.test(reasonOf(await probe(instance))));
  t.match(await probe(instance), { reason: /HEALTHCHECK ended with exit code 1: not yet$/ });
  const touch = ['touch', '/tmp/well'];
  t.same(await runInside(engine, instance.ids[0] ?? '', touch, 100, context.signal), { exitCode: 0, output: '' });
  t.match(await probe(instance), { healthy: true });
  const off = await setUp(t, { healthCheck: { imageCheck: false } });
  t.ok(await off.healthy(await off.runtime.start(artifact, off.spec, off.context)));
});

t.test('a HEALTHCHECK that hangs, or is not in the image, is told so', { skip }, async (t) => {
  for (const [check, reason] of [
    ['["sleep", "600"]', /did not end in time$/],
    ['["/none"]', /could not be run|exit code/],
  ] as const) {
    const files = busyboxAppFiles();
    const text = `${files.Dockerfile}LABEL s=${randomUUID()}\nHEALTHCHECK CMD ${check}\n`;
    const { runtime, spec, context, probe } = await setUp(t, { healthCheck: { timeoutSeconds: 1 } });
    const instance = await runtime.start(await image(t, { ...files, Dockerfile: text }), spec, context);
    await until('the port is open', async () => /HEALTHCHECK/.test(reasonOf(await probe(instance))));
    t.match(await probe(instance), { reason });
  }
});

const reasonOf = (health: Health) => (health.healthy ? '' : health.reason);

t.test('an app that was stopped from outside is the fault of the world', { skip }, async (t) => {
  const { runtime, spec, context, healthy } = await setUp(t, { healthCheck: { path: '/never' } });
  const instance = await runtime.start(await image(t, script('trap "exit 0" TERM; sleep 60 & wait')), spec, context);
  await callEngine(engine, { method: 'POST', path: `/containers/${instance.ids[0]}/stop`, query: { t: 5 } });
  await t.rejects(healthy(instance), { name: 'WorldError', code: 'app_stopped' });
});

t.test('replicas start together, are found again, and all stop', { skip }, async (t) => {
  const { runtime, spec, context, healthy } = await setUp(t, { replicas: 3 });
  const other = { ...spec, deploymentId: randomUUID() };
  const artifact = await image(t, busyboxAppFiles('replica'));
  const instance = await runtime.start(artifact, spec, context);
  const neighbour = await runtime.start(artifact, other, context);
  t.equal(new Set(instance.upstreams.map((each) => each.kind === 'http' && each.host)).size, 3);
  t.ok(await healthy(instance));
  t.equal(instance.graceSeconds, 60);
  t.match(await runtime.adopt(spec, context), { ids: instance.ids, upstreams: instance.upstreams });

  await callEngine(engine, { method: 'POST', path: `/containers/${instance.ids[0]}/restart`, query: { t: 0 } });
  const again = await runtime.adopt(spec, context);
  t.same(again?.upstreams, instance.upstreams, 'a replica that starts again keeps its address');

  await callEngine(engine, { method: 'DELETE', path: `/containers/${instance.ids[2]}`, query: { force: true } });
  t.equal(await runtime.adopt(spec, context), null, 'an incomplete start is no start');
  const anew = await runtime.start(artifact, spec, context);
  t.equal(anew.ids.length, 3, 'what was left is replaced');
  await Promise.all([runtime.stop(spec, context), runtime.stop(spec, context)]);
  await runtime.stop(spec, context);
  t.same(await listContainers(engine, { 'pierhead.deployment': spec.deploymentId }), []);
  t.match(await runtime.adopt(other, context), { ids: neighbour.ids }, 'another deployment is left alone');
});

t.test('a container that somebody else made of an image of ours is not listed', { skip }, async (t) => {
  const { runtime, spec, context } = await setUp(t, { command: ['sleep', '600'] });
  const files = { Dockerfile: `FROM busybox\nLABEL s=${randomUUID()}\n` };
  const installation = randomUUID();
  const artifact = await image(t, files, ownLabels(installation));
  const own = { ...context, host: { ...context.host, installation } };
  const id = await createContainer(engine, `pierhead-test-${randomUUID()}`, { Image: artifact.digest, Cmd: ['sh'] });
  t.teardown(() => callEngine(engine, { method: 'DELETE', path: `/containers/${id}`, query: { force: true } }));
  t.same(await runtime.list(own), []);
  await runtime.start(artifact, spec, own);
  const { serviceId, serviceName, environment, deploymentId } = spec;
  t.same(await runtime.list(own), [{ serviceId, serviceName, environment, deploymentId }]);
});

t.test('an app gets time to end', { skip }, async (t) => {
  const { runtime, spec, context } = await setUp(t);
  const files = script("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done");
  await runtime.start(await image(t, files), spec, context);
  const lines: OutputLine[] = [];
  let stopping: Promise<void> | undefined;
  const reading = (async () => {
    for await (const line of runtime.logs(spec, { follow: true }, context)) {
      lines.push(line);
      if (line.text === 'up') stopping = runtime.stop(spec, context);
    }
  })();
  await reading;
  await stopping;
  t.same(
    lines.map((line) => line.text),
    ['up', 'bye'],
  );
});

t.test('output is told in lines with their streams and times, oldest first', { skip }, async (t) => {
  const { runtime, spec, context } = await setUp(t, { replicas: 2 });
  const files = script(
    'for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; sleep 0.2; done; printf "grün ✓"; echo; sleep 600',
  );
  await runtime.start(await image(t, files), spec, context);
  const read = async (options: { follow: boolean; tail?: number }, until = 1_000) => {
    const lines: OutputLine[] = [];
    for await (const line of runtime.logs(spec, options, context)) if (lines.push(line) >= until) break;
    return lines;
  };
  t.equal((await read({ follow: true }, 14)).length, 14);
  const lines = await read({ follow: false });
  t.equal(lines.length, 14);
  t.same(
    lines,
    lines.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
  );
  t.match(lines[0], { at: /^\d{4}-\d\d-\d\dT.*Z$/, text: /(out|err) 1/ });
  t.equal(lines.filter((line) => line.stream === 'stderr' && /^err \d$/.test(line.text)).length, 6);
  t.equal(lines.filter((line) => line.text === 'grün ✓').length, 2);
  t.equal((await read({ follow: false, tail: 1 })).length, 2);

  const stopping = new AbortController();
  const seen: string[] = [];
  for await (const line of runtime.logs(spec, { follow: true }, { ...context, signal: stopping.signal })) {
    seen.push(line.text);
    if (seen.length === 14) stopping.abort();
  }
  t.equal(seen.length, 14, 'following ends with the signal');
});

t.test('a start that is aborted leaves nothing', { skip }, async (t) => {
  const { runtime, spec, context } = await setUp(t, { replicas: 3, port: 80 });
  const artifact = await image(t, busyboxAppFiles('aborted'));
  const stopping = new AbortController();
  const starting = runtime.start(artifact, spec, { ...context, signal: stopping.signal });
  setImmediate(() => stopping.abort());
  await t.rejects(starting, { name: 'AbortError' });
  t.same(await listContainers(engine, { 'pierhead.deployment': spec.deploymentId }), []);
});

t.test('an app that does not become healthy is looked into', { skip }, async (t) => {
  const cases: [string, string, object][] = [
    [
      'on another port',
      'echo listening; exec httpd -f -p 9000',
      { code: 'app_on_other_port', message: /port 8080, but the app does on 9000/ },
    ],
    [
      'on its own loopback',
      'exec httpd -f -p 127.0.0.1:8080',
      { code: 'app_on_loopback', message: /127\.0\.0\.1 only, .* wrote nothing$/ },
    ],
    [
      'nowhere',
      // A debugger, say.
      'httpd -p 127.0.0.1:9229; echo one; echo two; exec sleep 600',
      { code: 'health_check_failed', message: /^told\. Its last output:\none\ntwo$/, line: 'two' },
    ],
    ['well', 'echo fine; exec httpd -f -p 8080', { code: 'health_check_failed', message: /^told\. / }],
  ];
  for (const [name, command, expected] of cases)
    await t.test(name, async (t) => {
      const { runtime, spec, context } = await setUp(t);
      const instance = await runtime.start(await image(t, script(command)), spec, context);
      await until('the app has begun', async () => {
        const { code, message } = await runtime.diagnose(instance, 'told', context);
        return code !== 'health_check_failed' || /fine|two/.test(message);
      });
      t.match(await runtime.diagnose(instance, 'told', context), { ...expected, hint: String });
    });
});
