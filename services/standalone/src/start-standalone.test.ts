import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readConfig } from '@pierhead/config';
import { freePort } from '@pierhead/embedded-postgres';
import postgres from 'postgres';
import t, { type Test } from 'tap';
import { steadySpecs, stubbornSpecs } from './fixtures/specs.js';
import { startStandalone } from './index.js';

t.setTimeout(120_000);

async function folder(t: Test) {
  const dir = await mkdtemp(join(tmpdir(), 'pierhead-standalone-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'data');
}

async function start(
  t: Test,
  dataDir: string,
  options: { specs?: typeof steadySpecs; apiPort?: number; graceSeconds?: number } = {},
) {
  const reports: string[] = [];
  const config = readConfig([], {
    PIERHEAD_DATA_DIR: dataDir,
    PIERHEAD_API_PORT: String(options.apiPort ?? (await freePort())),
    PIERHEAD_SHUTDOWN_GRACE_SECONDS: String(options.graceSeconds ?? 10),
  });
  const report = (text: string) => void reports.push(text);
  const standalone = await startStandalone(config, { report, specs: options.specs ?? steadySpecs });
  t.teardown(() => standalone.stop());
  const pids = await Promise.all(Object.entries(standalone.urls).map(async ([role, url]) => [role, await pidAt(url)]));
  return { ...standalone, reports, pids: Object.fromEntries(pids) as Record<string, number> };
}

const pidAt = async (url: string) => Number(await (await fetch(url)).text());

async function until(holds: () => Promise<boolean> | boolean, limitMs = 20_000) {
  const end = Date.now() + limitMs;
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

function alive(pid: number) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const postmasterOf = async (dataDir: string) =>
  Number.parseInt(await readFile(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8'), 10);

t.test('a role process that gets SIGHUP reloads its roles and goes on', async (t) => {
  const dataDir = await folder(t);
  const { pids, urls } = await start(t, dataDir);
  process.kill(pids.worker!, 'SIGHUP');
  process.kill(pids.catalog!, 'SIGHUP');
  const events = async () => (await readFile(join(dataDir, 'events'), 'utf8')).trim().split('\n').sort();
  const reloaded = ['api reloaded', 'catalog reloaded', 'worker reloaded'];
  t.ok(await until(async () => JSON.stringify(await events()) === JSON.stringify(reloaded)));
  t.equal(await pidAt(urls.worker!), pids.worker);
});

t.test('everything starts, and stops in order within 5 s, with nothing left', async (t) => {
  const dataDir = await folder(t);
  const { urls, pids, folder: kept, config, stop } = await start(t, dataDir);
  t.same(Object.keys(urls).sort(), ['api', 'catalog', 'gateway', 'worker']);
  t.not(pids.gateway, pids.api);
  t.equal((await stat(kept.adminTokenFile)).mode & 0o777, 0o600);
  t.equal((await stat(join(dataDir, 'secret-key'))).mode & 0o777, 0o600);
  t.equal(Buffer.from(config.secretKey, 'base64').length, 32);
  const postmaster = await postmasterOf(dataDir);
  const startedAt = Date.now();
  await stop();
  t.ok(Date.now() - startedAt < 5_000);
  t.same((await readFile(join(dataDir, 'events'), 'utf8')).trim().split('\n'), ['api', 'worker', 'gateway', 'catalog']);
  for (const pid of [...Object.values(pids), postmaster]) t.ok(await until(() => !alive(pid), 1_000));

  const again = await start(t, dataDir);
  t.equal(again.config.secretKey, config.secretKey, 'the keys are kept');
  t.equal(again.config.adminToken, config.adminToken);
});

t.test('what will not stop is ended when the grace is over', async (t) => {
  const { pids, stop } = await start(t, await folder(t), { specs: stubbornSpecs, graceSeconds: 2 });
  const startedAt = Date.now();
  await stop();
  const took = Date.now() - startedAt;
  t.ok(took > 1_900 && took < 5_000, `it took ${took} ms`);
  for (const pid of Object.values(pids)) t.notOk(alive(pid));
});

t.test('what will not stop is ended at once where somebody asks for that', async (t) => {
  const { pids, stop, end } = await start(t, await folder(t), { specs: stubbornSpecs, graceSeconds: 600 });
  const stopped = stop();
  await end();
  await stopped;
  for (const pid of Object.values(pids)) t.notOk(alive(pid));
});

t.test('a process that dies is started again, alone', async (t) => {
  const { urls, pids, reports } = await start(t, await folder(t));
  process.kill(pids.api ?? 0, 'SIGKILL');
  t.ok(await until(async () => (await pidAt(urls.api ?? '')) !== pids.api));
  t.ok(await until(() => reports.includes('control is back')));
  t.match(reports, ['control ended (signal SIGKILL); starting it again']);
  t.equal(await pidAt(urls.gateway ?? ''), pids.gateway);
});

t.test('a database that dies is started again at the same address', async (t) => {
  const dataDir = await folder(t);
  const { config } = await start(t, dataDir);
  const before = await postmasterOf(dataDir);
  process.kill(before, 'SIGKILL');
  t.ok(await until(async () => (await postmasterOf(dataDir)) !== before));
  t.ok(
    await until(async () => {
      const sql = postgres(config.databaseUrl, { max: 1 });
      const rows = await sql`select 1 as one`.finally(() => sql.end({ timeout: 0 }));
      return rows[0]?.one === 1;
    }),
  );
});

t.test('a taken port is told in one sentence, and everything is stopped', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const dataDir = await folder(t);
  await t.rejects(start(t, dataDir, { apiPort: port }), {
    code: 'port_taken',
    message: `Port ${port} of 127.0.0.1 is already in use.`,
    hint: /PIERHEAD_API_PORT/,
  });
  await t.rejects(stat(join(dataDir, 'postgres/cluster/postmaster.pid')), { code: 'ENOENT' });
  await t.rejects(stat(join(dataDir, 'standalone.lock')), { code: 'ENOENT' });
});

t.test('a second one on the same data folder is refused, and the first is left alone', async (t) => {
  const dataDir = await folder(t);
  const { urls, pids } = await start(t, dataDir);
  await t.rejects(start(t, dataDir), { code: 'data_dir_in_use', message: new RegExp(String(process.pid)) });
  t.equal(await pidAt(urls.gateway ?? ''), pids.gateway);
});

t.test('a data folder that cannot be written is told in one sentence', async (t) => {
  await t.rejects(start(t, '/dev/null/pierhead'), { code: 'data_dir_not_writable', message: /\/dev\/null\/pierhead/ });
});

t.test('when the supervisor is killed nothing is left, and the next start works', async (t) => {
  const dataDir = await folder(t);
  const apiPort = await freePort();
  const script = fileURLToPath(new URL('./fixtures/run-steady.js', import.meta.url));
  const supervisor = spawn(process.execPath, [script, dataDir, String(apiPort)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => supervisor.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: supervisor.stdout }), 'line')) as [string];
  const { urls } = JSON.parse(line) as { urls: Record<string, string> };
  const pids = await Promise.all(Object.values(urls).map(pidAt));
  const postmaster = await postmasterOf(dataDir);
  supervisor.kill('SIGKILL');
  for (const pid of [...pids, postmaster]) t.ok(await until(() => !alive(pid), 8_000));
  await start(t, dataDir, { apiPort });
});

t.test('a start right after a killed one waits for the ports', async (t) => {
  const dataDir = await folder(t);
  const apiPort = await freePort();
  const taken = createServer().listen(apiPort, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { lock, lockFile } = await (await import('./data-folder.js')).openDataFolder(dataDir);
  await lock.release();
  await writeFile(lockFile, '999999999 1\n');
  const starting = start(t, dataDir, { apiPort });
  await delay(1_500);
  taken.close();
  t.equal((await starting).urls.api, `http://127.0.0.1:${apiPort}`);
});
