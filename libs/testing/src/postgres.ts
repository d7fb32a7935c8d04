import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@pierhead/embedded-postgres';
import postgres from 'postgres';
import { t as root, type Test } from 'tap';

/** An empty database of the run's own cluster; dropped when the test ends. */
export async function testDatabase(t: Test): Promise<{ url: string }> {
  const cluster = await testCluster();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(cluster, `create database ${name}`);
  t.teardown(() => execute(cluster, `drop database if exists ${name} with (force)`));
  const url = new URL(cluster);
  url.pathname = name;
  return { url: url.href };
}

let ownCluster: Promise<string> | undefined;

/** The runner's cluster; a test file that was started alone makes one for itself. */
function testCluster(): Promise<string> {
  const shared = process.env.PIERHEAD_TEST_DATABASE_URL;
  if (shared) return Promise.resolve(shared);
  ownCluster ??= startOwn();
  return ownCluster;
}

async function startOwn(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-test-postgres-'));
  const server = await startEmbeddedPostgres({ dataDir, durable: false });
  root.teardown(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  return server.url;
}

async function execute(url: string, text: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql.unsafe(text).finally(() => sql.end());
}
