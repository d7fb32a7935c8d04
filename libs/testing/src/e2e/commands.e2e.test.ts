import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { listContainers } from '@pierhead/docker';
import { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { type Answer, events } from '../api-driver.js';
import { dockerMissing, ensureBaseImages, removeTestImages, testEngine } from '../docker.js';
import { redisMissing, testRedis } from '../redis.js';
import { type Stack, testStack } from '../stack.js';
import { until } from '../until.js';
import { createApp, createSite, freshName, removeService } from './scenarios.js';

t.setTimeout(300_000);
const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
const program = fileURLToPath(new URL('../../../cli/bin/pierhead.js', import.meta.url));

const files = {
  Dockerfile: 'FROM node:20-slim\nCOPY server.js .\nENTRYPOINT ["node"]\nCMD ["server.js"]\n',
  'server.js': `require('node:http').createServer((_, response) => response.end('hello')).listen(process.env.PORT);
process.on('SIGTERM', () => process.exit());
`,
};
const odd = { A: `pa$$word "q' \`id\``, B: 'one\ntwo\r\n', C: '= = ', D: 'grün 🚀', E: 'x'.repeat(64_000) };

async function deployed(t: Test, stack: Stack, more: Record<string, unknown> = {}) {
  const { api } = stack;
  const service = await createApp(stack, freshName('job'), files, more);
  t.teardown(() => removeService(stack, service.id));
  const deployment = await api.deploy(service.id);
  t.match(deployment, { status: 'succeeded' });
  t.teardown(() => removeTestImages([deployment.artifact!.digest]));
  const path = `/services/${service.id}/commands`;
  const run = (command: string[], input = {}, headers = {}) => api.post(path, { command, ...input }, headers);
  const ended = async ({ status, body }: Answer) => {
    t.equal(status, 202, JSON.stringify(body));
    let found = body;
    await until('the command ends', async () => {
      found = (await api.get(`/commands/${body.id}`)).body;
      return !['queued', 'running'].includes(found.status);
    });
    return found;
  };
  const output = async (id: string) => (await api.get(`/commands/${id}/logs`, { accept: 'text/plain' })).body as string;
  const list = async () => (await api.get(`${path}?limit=200`)).body.items as Record<string, unknown>[];
  /** Replicas and commands; what is kept ready is no matter. */
  const left = async () => {
    const found = await listContainers(testEngine(), { 'pierhead.service': service.id });
    return found.filter(({ labels }) => 'pierhead.deployment' in labels).length;
  };
  return { service, deployment, run, ended, output, list, left };
}

t.test('a command runs in the live release', { skip }, async (t) => {
  const stack = await testStack(t);
  const { api } = stack;
  const { service, deployment, run, ended, output, list, left } = await deployed(t, stack, {
    variables: { ...odd, SECRET: { secret: true, value: 's3cret $x' } },
  });

  await t.test('with its exit code and its output, in each form', async (t) => {
    const script = 'console.log("out"); console.error("err"); process.exitCode = 3';
    const { id } = (await run(['node', '-e', script])).body;
    const found = await ended({ ...(await api.get(`/commands/${id}`)), status: 202 });
    t.match(found, { status: 'failed', exitCode: 3, error: { code: 'command_failed' }, deploymentId: deployment.id });
    const { items } = (await api.get(`/commands/${id}/logs`)).body;
    t.same(items.map(({ stream, text }: Record<string, string>) => `${stream} ${text}`).sort(), [
      'stderr err',
      'stdout out',
    ]);
    t.equal((await output(id)).split('\n').sort().join('|'), '|err|out');
    const stream = await api.raw('GET', `/commands/${id}/logs`, { headers: { accept: 'text/event-stream' } });
    const received = [];
    for await (const { event, data } of events(stream)) received.push({ event, data });
    t.match(received.at(-1), { event: 'end', data: { status: 'failed', exitCode: 3 } });
    t.equal(received.length, 3);
    t.match(await ended(await run(['node', '-e', ''])), { status: 'succeeded', exitCode: 0, error: null });
    t.equal(await left(), 1, 'only the app is left');
  });

  await t.test('with its variables byte for byte, and its arguments through no shell', async (t) => {
    const words = ['$HOME; id', '', '*', '🚀'];
    // As it is, a secret would not be told.
    const hex = 'process.env.SECRET = Buffer.from(process.env.SECRET).toString("hex")';
    const print = `${hex}; console.log(JSON.stringify([process.env, process.argv.slice(1)]))`;
    // They are those of the release, whatever the service has by now.
    await api.patch(`/services/${service.id}`, { variables: { A: 'changed since' } });
    const { id } = await ended(await run(['node', '-e', print, ...words]));
    const { items } = (await api.get(`/commands/${id}/logs`)).body;
    const [env, argv] = JSON.parse(items.map(({ text }: { text: string }) => text).join(''));
    t.match(env, { ...odd, SECRET: Buffer.from('s3cret $x').toString('hex') });
    t.same(argv, words);
  });

  await t.test('until it is canceled, and nothing is left of one that ignores SIGTERM', async (t) => {
    const accepted = await run([
      'node',
      '-e',
      'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1e6)',
    ]);
    const { id } = accepted.body;
    await until('it runs', async () => (await output(id)).includes('up'));
    t.equal((await api.post(`/commands/${id}/cancel`)).status, 202);
    t.match(await ended(accepted), { status: 'canceled', exitCode: null });
    t.equal(await left(), 1);
    t.match(await api.post(`/commands/${id}/cancel`), { status: 409, body: { code: 'command_final' } });
  });

  await t.test('no longer than it may', async (t) => {
    const found = await ended(await run(['node', '-e', 'setInterval(() => {}, 1e6)'], { timeoutSeconds: 1 }));
    t.match(found, { status: 'failed', exitCode: null, error: { code: 'command_timeout' } });
    t.match(await ended(await run(['/no/such'])), { status: 'failed', error: { code: 'command_not_executable' } });
  });

  await t.test('once for each idempotency key, and is listed and on record', async (t) => {
    const key = { 'idempotency-key': 'once' };
    const [one, two] = [await run(['node', '-e', ''], {}, key), await run(['node', '-e', ''], {}, key)];
    t.equal(one.body.id, two.body.id);
    const first = await api.get(`/services/${service.id}/commands?limit=1`);
    t.match(first.body, { items: [{ id: one.body.id }], nextCursor: String });
    t.ok((await list()).length >= 6);
    const { items } = (await api.get(`/audit?target=${one.body.id}`)).body;
    t.ok(items === undefined || items.length >= 1);
  });

  await t.test('through the command line, which ends as it does', async (t) => {
    const env = { PIERHEAD_URL: api.url, PIERHEAD_TOKEN: api.token };
    const script = 'console.log("out"); console.error("err"); process.exitCode = 4';
    const words = [program, 'run', service.id, '--', 'node', '-e', script];
    const found = await new Promise<object>((resolve) => {
      execFile(process.execPath, words, { env }, (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
    });
    t.same(found, { code: 4, out: 'out\n', err: 'err\n' });
  });
});

t.test('what cannot be run is refused with its reason', { skip }, async (t) => {
  const stack = await testStack(t);
  const { api } = stack;
  const site = await createSite(stack, freshName('site'), { 'index.html': 'x' });
  const path = `/services/${site.id}/commands`;
  t.match(await api.post(path, { command: ['true'] }), { status: 409, body: { code: 'nothing_live' } });
  t.match(await api.deploy(site.id), { status: 'succeeded' });
  t.match(await api.post(path, { command: ['true'] }), { status: 422, body: { code: 'commands_not_supported' } });
  for (const command of [[], 'true', ['a\0b'], ['\ud800'], Array(201).fill('x')])
    t.equal((await api.post(path, { command })).status, 400);
  t.equal((await api.get(`/commands/${site.id}`)).status, 404);
  const schedules = [{ name: 'a', cron: '* * * * *', command: ['true'] }];
  t.match(await api.patch(`/services/${site.id}`, { schedules }), {
    status: 422,
    body: { errors: [{ path: '/schedules', code: 'commands_not_supported' }] },
  });
});

const queues = [
  { name: 'PostgreSQL', skip, redis: async () => undefined },
  { name: 'Redis', skip: skip || redisMissing(), redis: async (t: Test) => (await testRedis(t)).url },
];

for (const { name, skip, redis } of queues)
  t.test(`a schedule runs its command, with the queue on ${name}`, { skip }, async (t) => {
    const redisUrl = await redis(t);
    const stack = await testStack(t, { workers: 2, ...(redisUrl ? { redisUrl } : {}) });
    const { api } = stack;
    const { service, list } = await deployed(t, stack);
    const path = `/services/${service.id}`;
    const schedule = { name: 'tick', cron: '* * * * * *', command: ['node', '-e', 'console.log("tick")'] };
    const faulty = [schedule, { ...schedule, cron: '99 * * * *', timeZone: 'Nowhere/Else' }];
    t.match(await api.patch(path, { schedules: faulty }), {
      status: 422,
      body: {
        errors: [
          { path: '/schedules/1/cron', code: 'invalid_cron' },
          { path: '/schedules/1/timeZone', code: 'invalid_time_zone' },
          { path: '/schedules/1/name', code: 'name_taken' },
        ],
      },
    });

    const changed = await api.patch(path, { schedules: [schedule] });
    t.match(changed, { status: 200, body: { schedules: [{ name: 'tick', timeZone: 'UTC', nextAt: String }] } });
    const done = async (since = 0) =>
      (await list()).filter((each) => each.status === 'succeeded' && Date.parse(String(each.scheduledFor)) > since);
    await until('it has run thrice', async () => (await done()).length >= 3);
    const times = (await list()).map(({ scheduledFor }) => scheduledFor);
    t.equal(new Set(times).size, times.length, 'each time has one command');
    t.match((await done())[0], { trigger: { kind: 'schedule', event: 'tick' } });

    if (redisUrl) {
      const client = new Redis(redisUrl);
      await client.flushall();
      await client.quit();
      const flushed = Date.now();
      await until('it goes on without what the queue knew', async () => (await done(flushed)).length >= 2);
    }

    await api.patch(path, { schedules: [{ ...schedule, command: ['node', '-e', 'setTimeout(() => {}, 4000)'] }] });
    const skipped = async () => (await list()).find(({ status }) => status === 'skipped');
    await until('a time is skipped', async () => (await skipped()) !== undefined);
    t.match(await skipped(), { error: { code: 'schedule_still_running' }, exitCode: null });

    await api.patch(path, { schedules: [] });
    t.match((await api.get(path)).body, { schedules: [] });
    const stopped = Date.now() + 1_000;
    await until('a while has passed', async () => Date.now() > stopped + 3_000);
    t.same(
      (await list()).filter(({ scheduledFor }) => Date.parse(String(scheduledFor)) > stopped),
      [],
    );
  });
