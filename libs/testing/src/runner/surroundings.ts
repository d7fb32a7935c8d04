import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startEmbeddedPostgres, stopAbandonedPostgres } from '@pierhead/embedded-postgres';

/** What every test file of a run shares. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Stops and deletes all of it, and whatever an interrupted test left in its temp folder. */
  close(): Promise<void>;
}

/** Starts the run's database cluster in a temp folder that also holds the tests' own temp folders. */
export async function startSurroundings(env: NodeJS.ProcessEnv): Promise<Surroundings> {
  const dir = await mkdtemp(join(tmpdir(), 'pierhead-tests-'));
  const temp = join(dir, 'tmp');
  await mkdir(temp);
  // Other users take part: the database, and tests that drop root.
  await chmod(dir, 0o711);
  await chmod(temp, 0o1777);
  const server = await startEmbeddedPostgres({ dataDir: join(dir, 'postgres'), durable: false });
  const close = async () => {
    await server.stop();
    await stopLeftServers(temp);
    await rm(dir, { recursive: true, force: true });
  };
  const shared = { TMPDIR: temp, TAP_TIMEOUT: '120', PIERHEAD_TEST_DATABASE_URL: server.url };
  return { env: { ...withoutOurs(env), ...shared }, close };
}

/** An operator's own settings must not reach the tests; the address of a topology to test, and how often a fault is repeated, must. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = (name: string) => /^(PIERHEAD_(?!E2E_|FAULT_)|DATABASE_URL$|REDIS_URL$)/.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours(name)));
}

async function stopLeftServers(dir: string): Promise<void> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  const clusters = names.filter((name) => name.endsWith('cluster/postmaster.pid')).map((name) => dirname(name));
  await Promise.all(clusters.map((cluster) => stopAbandonedPostgres(dirname(join(dir, cluster)), 'now')));
}
