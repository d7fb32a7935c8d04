import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainService, testDatabase } from '@pierhead/testing';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as run } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import t, { type Test } from 'tap';
import { connect } from './connect.js';
import { deploymentRepository } from './deployments.js';
import { newId } from './ids.js';
import { migrate } from './migrate.js';
import { createSecrets } from './secrets.js';
import { serviceRepository } from './services.js';

const migrations = fileURLToPath(new URL('../migrations', import.meta.url));

/** A database as it was after the migration whose name starts with `number`. */
async function databaseAt(t: Test, number: string) {
  const { url } = await testDatabase(t);
  const folder = t.testdir({});
  await cp(migrations, folder, { recursive: true });
  const journalFile = join(folder, 'meta/_journal.json');
  const journal: { entries: { tag: string }[] } = JSON.parse(await readFile(journalFile, 'utf8'));
  const last = journal.entries.findIndex(({ tag }) => tag.startsWith(number));
  await writeFile(journalFile, JSON.stringify({ ...journal, entries: journal.entries.slice(0, last + 1) }));
  const client = postgres(url, { max: 1, onnotice: () => {} });
  await run(drizzle(client), { migrationsFolder: folder });
  await client.end();
  const sql = postgres(url, { max: 1 });
  t.teardown(() => sql.end());
  return { url, sql };
}

t.test('secrets that were sealed under the old key open after the migration, and nothing else changes', async (t) => {
  const { url, sql } = await databaseAt(t, '0006');
  const secrets = createSecrets(Buffer.alloc(32, 7).toString('base64'));
  const [projectId, serviceId, deploymentId] = [newId(), newId(), newId()];
  const sealed = (text: string) => ({ sealed: secrets.seal(text, serviceId).$sealed });
  const likeIt = {
    words: `{"sealed": "${secrets.seal('x', serviceId).$sealed}"}`,
    own: { sealed: 'a value of the user' },
    more: { ...sealed('x'), beside: 1 },
  };
  const old = {
    provider_config: { token: sealed('one'), nested: { list: [sealed('two')] }, ...likeIt },
    builder_config: { key: sealed('three') },
    runtime_config: {},
    variables: { KEY: sealed('four'), PLAIN: 'sealed' },
    fallback_sources: [{ providerId: 'p', providerVersion: '1.0.0', providerConfig: { token: sealed('five') } }],
  };
  await sql`insert into projects ${sql({ id: projectId, name: 'old' })}`;
  await sql`insert into services ${sql({
    ...{ id: serviceId, project_id: projectId, name: 'old', delivery: sql.json(plainService.delivery) },
    ...{ provider_id: 'p', provider_version: '1', builder_id: 'b', builder_version: '1' },
    ...{ runtime_id: 'r', runtime_version: '1' },
    ...Object.fromEntries(Object.entries(old).map(([column, value]) => [column, sql.json(value as never)])),
  })}`;
  const snapshot = { providerConfig: old.provider_config, variables: old.variables };
  await sql`insert into deployments (id, service_id, environment, number, trigger, want, snapshot)
    values (${deploymentId}, ${serviceId}, 'production', 1, '{}', '{}', ${sql.json(snapshot as never)})`;

  await migrate(url);
  const database = connect(url, { name: 'test' });
  t.teardown(() => database.close());
  const opened = { token: 'one', nested: { list: ['two'] }, ...likeIt };
  const service = secrets.open(await serviceRepository(database).find(serviceId), serviceId)!;
  t.same(service.providerConfig, opened);
  t.same(service.builderConfig, { key: 'three' });
  t.same(service.variables, { KEY: 'four', PLAIN: 'sealed' });
  t.match(service.fallbackSources, [{ providerConfig: { token: 'five' } }]);
  const deployment = (await deploymentRepository(database).find(deploymentId))!;
  const { providerConfig, variables } = secrets.open(deployment.snapshot, serviceId);
  t.same({ providerConfig, variables }, { providerConfig: opened, variables: { KEY: 'four', PLAIN: 'sealed' } });
});
