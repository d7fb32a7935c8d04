import { order, until } from '@pierhead/testing';
import t from 'tap';
import { setUp } from './fixture.js';
import { uploadRepository } from './uploads.js';

const upload = (digest: string) => ({ digest, format: 'tar' as const, bytes: 1, files: 1 });

async function withUploads(t: Parameters<typeof setUp>[0]) {
  const parts = await setUp(t);
  const uploads = uploadRepository(parts.database);
  const removed: string[] = [];
  const remove = async (digest: string) => void removed.push(digest);
  const age = (hours: number) =>
    parts.database.sql`update uploads set renewed_at = now() - make_interval(hours => ${hours})`;
  return { ...parts, uploads, removed, age, sweep: () => uploads.removeUnused(remove) };
}

t.test('uploads that nothing names go a day after they were last uploaded', async (t) => {
  const { uploads, removed, age, sweep, create, deployments, database, services } = await withUploads(t);
  const { id: own } = await uploads.save(upload('own'));
  const { id: spare } = await uploads.save(upload('spare'));
  const { id: queued } = await uploads.save(upload('queued'));
  await uploads.save(upload('unused'));
  const renewed = await uploads.save(upload('renewed'));
  const fallbackSources = [{ providerId: 'x', providerVersion: '1.0.0', providerConfig: { deep: [{ file: spare }] } }];
  await create('one', { providerConfig: { uploadId: own.toUpperCase() }, fallbackSources });
  const other = await create('two', { providerConfig: { uploadId: queued } });
  const { id } = (await deployments.create(order(other.id)))!;
  await database.sql`update services set provider_config = '{}' where id = ${other.id}`;

  t.same(await sweep(), [], 'none is old enough');
  await age(25);
  t.same(
    await uploads.save(upload('renewed')),
    { ...(await uploads.find(renewed.id)) },
    'the same bytes, the same row',
  );
  t.equal((await uploads.list(10)).find((each) => each.id === own)?.inUse, true);
  t.equal((await uploads.list(10)).find((each) => each.digest === 'unused')?.inUse, false);
  t.same(await sweep(), ['unused']);
  t.same(removed, ['unused']);
  t.same(await uploads.total(), { count: 4, bytes: 4 });

  await database.sql`update deployments set status = 'failed' where id = ${id}`;
  t.same(await sweep(), ['queued'], 'a deployment that has ended without an artifact needs none');
  await services.remove((await services.list({ projects: null, limit: 1, before: null, search: 'one' })).items[0]!.id);
  t.same((await sweep()).sort(), ['own', 'spare']);
  await age(25);
  t.same(await sweep(), ['renewed']);
});

t.test('an upload stays when a service begins to name it while the sweep waits', async (t) => {
  const { uploads, age, sweep, create, database } = await withUploads(t);
  const { id } = await uploads.save(upload('wanted'));
  const { id: service } = await create('late');
  await age(25);
  let sweeping: Promise<string[]> = Promise.resolve([]);
  await database.sql.begin(async (tx) => {
    await tx`update services set provider_config = jsonb_build_object('uploadId', ${id}::text) where id = ${service}`;
    sweeping = sweep();
    const waits = async () =>
      (await tx`select 1 from pg_locks where not granted and relation = 'services'::regclass`).length > 0;
    await until('the sweep waits', waits);
  });
  t.same(await sweeping, []);
  t.ok(await uploads.find(id));
});

t.test('bytes that are uploaded again while they are removed get a row of their own', async (t) => {
  const { uploads, age } = await withUploads(t);
  await uploads.save(upload('again'));
  await age(25);
  let saving: Promise<unknown> = Promise.resolve();
  const events: string[] = [];
  await uploads.removeUnused(async (digest) => {
    saving = uploads.save(upload(digest)).then(() => events.push('saved'));
    events.push('removed');
  });
  await saving;
  t.same(events, ['removed', 'saved']);
  t.equal((await uploads.total()).count, 1);
});
