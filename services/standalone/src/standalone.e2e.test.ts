import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@pierhead/embedded-postgres';
import { until } from '@pierhead/testing';
import t, { type Test } from 'tap';

t.setTimeout(180_000);

const main = fileURLToPath(new URL('./main.js', import.meta.url));

interface Place {
  dataDir: string;
  apiPort: number;
  gatewayPort: number;
}

async function place(t: Test): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-e2e-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  return { dataDir, apiPort: await freePort(), gatewayPort: await freePort() };
}

function run(t: Test, { dataDir, apiPort, gatewayPort }: Place, more: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      PIERHEAD_DATA_DIR: dataDir,
      PIERHEAD_API_PORT: String(apiPort),
      PIERHEAD_GATEWAY_PORT: String(gatewayPort),
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.err += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const said = async (text: string) => {
    const heard = async () => output.out.includes(text) || child.exitCode !== null;
    await until(`it says "${text}"`, heard).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${output.out}${output.err}${await logsOf(dataDir)}`);
    });
    if (!output.out.includes(text)) throw new Error(`it ended without a word of "${text}"\n${output.out}${output.err}`);
  };
  return { child, output, ended, said };
}

/** The ends of the processes' logs. */
async function logsOf(dataDir: string): Promise<string> {
  const names = await readdir(join(dataDir, 'logs')).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(dataDir, 'logs', name), 'utf8')));
  return texts.map((text, index) => `--- ${names[index]}\n${text.slice(-3_000)}\n`).join('');
}

/** The processes that one has started, and theirs. */
async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    rows.filter(([, ppid]) => ppid === parent).flatMap(([child = 0]) => [child, ...below(child)]);
  return below(pid);
}

function alive(pid: number) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const allGone = (pids: number[]) => until('every process has ended', async () => !pids.some(alive));

function visitSample({ gatewayPort }: Place): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: gatewayPort, headers: { host: `welcome.localhost:${gatewayPort}` } };
    request(options, async (reply) => {
      const chunks: Buffer[] = [];
      for await (const chunk of reply) chunks.push(chunk);
      resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    })
      .on('error', reject)
      .end();
  });
}

t.test('one command: the sample is live, a death is survived, Ctrl-C leaves nothing behind', async (t) => {
  const here = await place(t);
  const first = run(t, here);
  await first.said('Sample ');
  t.match(first.output.out, `http://welcome.localhost:${here.gatewayPort}`);
  t.match(await visitSample(here), { status: 200, text: /service is live/ });

  const token = (await readFile(join(here.dataDir, 'admin-token'), 'utf8')).trim();
  const services = await fetch(`http://127.0.0.1:${here.apiPort}/services`, {
    headers: { authorization: `Bearer ${token}` },
  });
  t.equal(services.status, 200);

  const pids = await descendants(first.child.pid ?? 0);
  t.ok(pids.length > 4);
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  const control = stdout
    .split('\n')
    .find((line) => line.includes(` ${first.child.pid} `) && line.includes('catalog api'));
  process.kill(Number.parseInt(control ?? '', 10), 'SIGKILL');
  await first.said('control ended (signal SIGKILL)');
  t.equal((await visitSample(here)).status, 200, 'the gateway serves while the api is away');
  await first.said('control is back');
  t.equal((await fetch(`http://127.0.0.1:${here.apiPort}/health`)).status, 200);

  const all = [...pids, ...(await descendants(first.child.pid ?? 0))];
  const stoppedAt = Date.now();
  first.child.kill('SIGINT');
  t.equal(await first.ended, 0);
  t.ok(Date.now() - stoppedAt < 5_000);
  await allGone(all);

  const second = run(t, here);
  await second.said('Admin token');
  t.equal((await visitSample(here)).status, 200, 'the release is live again');
  const left = await descendants(second.child.pid ?? 0);
  second.child.kill('SIGKILL');
  await second.ended;
  await allGone(left);
  t.notMatch(second.output.out, 'Sample', 'the sample is deployed once');
});

t.test('a taken port is one sentence on stderr and exit code 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const here = { ...(await place(t)), gatewayPort: (taken.address() as AddressInfo).port };
  const { ended, output } = run(t, here, { PIERHEAD_SAMPLE: 'off' });
  t.equal(await ended, 1);
  t.match(output.err, /^pierhead: Port \d+ of 127\.0\.0\.1 is already in use\. .*PIERHEAD_GATEWAY_PORT\.\n$/);
});

t.test('plugins that were left out are named with their reasons', async (t) => {
  const here = await place(t);
  const broken = t.testdir({
    'package.json': '{ "name": "broken", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
    'index.js': 'throw new Error("out of order");',
  });
  const { child, ended, said, output } = run(t, here, { PIERHEAD_SAMPLE: 'off', PIERHEAD_PLUGINS: broken });
  await said(`Plugin       ${broken} was left out: `);
  t.match(output.out, /left out: .*out of order/);
  child.kill('SIGINT');
  t.equal(await ended, 0);
});
