import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import t, { type Test } from 'tap';
import { startEmbeddedPostgres, stopAbandonedPostgres } from './index.js';
import { platformBinaries } from './platform-binaries.js';
import { alive, findPostmaster } from './postmaster.js';
import { until } from './until.js';

const nobody = { uid: 65_534, gid: 65_534 };
const notRoot = process.getuid?.() !== 0 && 'not running as root';

// Not t.testdir: the server's user must be able to reach the folder, wherever the repository lies.
async function folder(t: Test) {
  const dir = await mkdtemp(join(tmpdir(), 'pierhead-pg-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function start(t: Test, dataDir: string) {
  const server = await startEmbeddedPostgres({ dataDir });
  t.teardown(() => server.stop());
  return server;
}

async function query(url: string, text: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const rows = await sql.unsafe(text).finally(() => sql.end());
  return rows.map((row) => Object.values(row)[0]);
}

t.setTimeout(120_000);

t.test('a fresh folder becomes a server that answers in UTF8 on 127.0.0.1, and stop ends it', async (t) => {
  const dataDir = join(await folder(t), 'postgres');
  const server = await start(t, dataDir);
  t.same(await query(server.url, 'show server_encoding'), ['UTF8']);
  t.same(await query(server.url, 'show lc_messages'), ['C']);
  t.same(await query(server.url, 'show listen_addresses'), ['127.0.0.1']);
  t.equal((await stat(join(dataDir, 'password'))).mode & 0o777, 0o600);
  t.equal((await stat(dataDir)).mode & 0o777, 0o700);
  await server.stop();
  t.ok(await until(() => !alive(server.pid), 5_000), 'it has ended, once its new parent has noticed');
});

t.test('a wrong password is refused', async (t) => {
  const server = await start(t, await folder(t));
  await t.rejects(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1'), { code: '28P01' });
});

t.test('a server that still runs is adopted, whoever started it was killed', async (t) => {
  const dataDir = await folder(t);
  const first = await startElsewhere(t, dataDir);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await start(t, dataDir);
  t.ok(second.adopted);
  t.equal(second.pid, first.answer.pid);
  t.same(await query(second.url, 'select 1'), [1]);
  await second.stop();
  t.equal(await findPostmaster(join(dataDir, 'cluster')), null);
});

t.test('an abandoned server ends once its last client has gone', async (t) => {
  const dataDir = await folder(t);
  const server = await start(t, dataDir);
  const sql = postgres(server.url, { max: 1 });
  await sql`select 1`;
  await stopAbandonedPostgres(dataDir);
  t.same((await sql`select 2 as two`)[0]?.two, 2, 'a connected client keeps working');
  await sql.end();
  t.ok(await until(() => !alive(server.pid), 5_000));
});

t.test('what was committed survives a killed server', async (t) => {
  const dataDir = await folder(t);
  const first = await start(t, dataDir);
  await query(first.url, 'create table kept as select 42 as answer');
  process.kill(first.pid, 'SIGKILL');
  const second = await start(t, dataDir);
  t.notOk(second.adopted);
  t.same(await query(second.url, 'select answer from kept'), [42]);
});

t.test('a start during another one ends with one server for both', async (t) => {
  const dataDir = await folder(t);
  await (await start(t, dataDir)).stop();
  const [one, two] = await Promise.all([start(t, dataDir), start(t, dataDir)]);
  t.equal(one.pid, two.pid);
});

t.test('a folder that cannot be written is named in one sentence', async (t) => {
  await t.rejects(startEmbeddedPostgres({ dataDir: '/dev/null/postgres' }), {
    code: 'data_dir_not_writable',
    message: /\/dev\/null\/postgres/,
  });
});

t.test('a taken port is named in one sentence', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  const dataDir = await folder(t);
  await t.rejects(startEmbeddedPostgres({ dataDir, port }), { code: 'port_taken', message: new RegExp(`${port}`) });
});

t.test('a missing binary is named in one sentence', async (t) => {
  await t.rejects(platformBinaries(null, '/nowhere', '/nowhere'), { code: 'postgres_binary_missing' });
});

t.test('as root it runs under a private home too', { skip: notRoot }, async (t) => {
  const home = await folder(t);
  await chmod(home, 0o700);
  const server = await start(t, join(home, 'data', 'postgres'));
  t.same(await query(server.url, 'select count(*)::int from pg_tables where false'), [0]);
  t.not((await stat(`/proc/${server.pid}`)).uid, 0);
});

t.test('binaries that the server may not reach or whose links are missing are copied', { skip: notRoot }, async (t) => {
  const place = await folder(t);
  await chmod(place, 0o755);
  const locked = t.testdir({ native: { bin: { postgres: 'x' }, lib: { 'a.so.1': '', 'b.a': '' } } });
  await writeFile(join(locked, 'package.json'), '{"version":"1"}');
  const links = [{ source: 'native/lib/a.so.1', target: 'native/lib/a.so' }];
  await writeFile(join(locked, 'native/pg-symlinks.json'), JSON.stringify(links));
  await chmod(join(locked, 'native/bin/postgres'), 0o755);
  await chmod(locked, 0o700);
  const { postgres: copy } = await platformBinaries(nobody, place, locked);
  t.equal(copy, join(place, 'postgresql-1/native/bin/postgres'));
  t.same((await readdir(join(place, 'postgresql-1/native/lib'))).sort(), ['a.so', 'a.so.1']);
});

t.test('an ordinary user starts it', { skip: notRoot }, async (t) => {
  const dataDir = await folder(t);
  await chown(dataDir, nobody.uid, nobody.gid);
  const { answer } = await startElsewhere(t, dataDir, nobody);
  t.same(await query(answer.url, 'select 1'), [1]);
  const asRoot = await start(t, dataDir);
  t.ok(asRoot.adopted, 'and root adopts it');
});

t.test('a user without an entry in /etc/passwd is told so', { skip: notRoot }, async (t) => {
  const { answer } = await startElsewhere(t, await folder(t), { uid: 54_321, gid: 54_321 });
  t.match(answer, { code: 'postgres_user_unknown', message: /54321/ });
});

/** The packages of a start, where anyone may read them: another user may not reach the repository. */
async function readableInstallation(t: Test): Promise<string> {
  const place = await folder(t);
  const packages = [
    '@pierhead/embedded-postgres',
    '@pierhead/model',
    'postgres',
    `@embedded-postgres/${process.platform}-${process.arch}`,
  ];
  for (const name of packages) {
    const from = packageFolder(name);
    await cp(from, join(place, 'node_modules', name), {
      recursive: true,
      filter: (path) => !path.slice(from.length).includes('node_modules'),
    });
  }
  await chmod(place, 0o755);
  return join(place, 'node_modules/@pierhead/embedded-postgres/dist/fixtures/start-and-wait.js');
}

/** The nearest folder above a package's entry that has its package.json. */
function packageFolder(name: string): string {
  let dir = dirname(createRequire(import.meta.url).resolve(name));
  while (
    !existsSync(join(dir, 'package.json')) ||
    !('name' in JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')))
  )
    dir = dirname(dir);
  return dir;
}

async function startElsewhere(t: Test, dataDir: string, user?: { uid: number; gid: number }) {
  const here = fileURLToPath(new URL('./fixtures/start-and-wait.js', import.meta.url));
  const script = user ? await readableInstallation(t) : here;
  const child = spawn(process.execPath, [script, dataDir], { ...user, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(async () => {
    child.kill('SIGKILL');
    const left = await findPostmaster(join(dataDir, 'cluster'));
    if (left) process.kill(left.pid, 'SIGQUIT');
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, answer: JSON.parse(line) as { url: string; pid: number; code?: string; message?: string } };
}
