import { order, plainService } from '@pierhead/testing';
import t from 'tap';
import { setUp } from './fixture.js';
import { retentionRepository } from './retention.js';

const delivery = { ...plainService.delivery, queuePolicy: 'queue-all' as const };
const idOfAge = (days: number, tail: number) => {
  const ms = (Date.now() - days * 86_400_000).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${tail.toString().padStart(12, '0')}`;
};

async function withHistory(t: Parameters<typeof setUp>[0]) {
  const parts = await setUp(t);
  const { database, create, deployments } = parts;
  const service = await create('web', { delivery });
  let count = 0;
  const add = async (days: number, status: string, change: { environment?: string; artifact?: boolean } = {}) => {
    const created = (await deployments.create({
      ...order(service.id),
      environment: change.environment ?? 'production',
    }))!;
    const id = idOfAge(days, ++count);
    const artifact = change.artifact ? JSON.stringify({ kind: 'image', digest: id, bytes: 1 }) : null;
    await database.sql`update deployments set id = ${id}, status = ${status}, artifact = ${artifact}::jsonb where id = ${created.id}`;
    const line = JSON.stringify([[0, 'build', 'stdout', 'line']]);
    await database.sql`insert into log_chunks (deployment_id, first_seq, last_seq, lines) values (${id}, 1, 1, ${line})`;
    return id;
  };
  const forget = (retention: Parameters<ReturnType<typeof retentionRepository>['forget']>[0]) =>
    retentionRepository(database).forget(retention, new AbortController().signal);
  const left = async () => (await deployments.list({ limit: 200, before: null })).items.map(({ id }) => id);
  return { ...parts, service, add, forget, left };
}

t.test('of each environment the newest deployments are remembered', async (t) => {
  const { add, forget, left, logs } = await withHistory(t);
  const [a, b] = [await add(5, 'failed'), await add(4, 'canceled')];
  const [c, d] = [await add(3, 'succeeded'), await add(2, 'failed')];
  const preview = await add(9, 'failed', { environment: 'preview' });
  t.match(await forget({ deployments: 2, logsDays: 30, commands: 10 }), { deployments: 2, logs: 0 });
  t.same((await left()).sort(), [preview, c, d].sort());
  t.same(await logs.read(a, 0, 10), []);
  t.same(await logs.read(b, 0, 10), []);
});

t.test('what is live, unfinished or still has its artifact is never forgotten', async (t) => {
  const { add, forget, left, database, service, logs } = await withHistory(t);
  const live = await add(100, 'succeeded');
  await database.sql`insert into releases (service_id, environment, deployment_id, upstreams, version)
    values (${service.id}, 'production', ${live}, '[]', 1)`;
  const [held, queued] = [await add(90, 'succeeded', { artifact: true }), await add(80, 'queued')];
  const old = await add(70, 'failed');
  const young = await add(1, 'failed');
  t.match(await forget({ deployments: 100, logsDays: 30, commands: 10 }), { deployments: 0, logs: 1 });
  t.same(await logs.read(old, 0, 10), []);
  for (const id of [live, held, queued, young]) t.equal((await logs.read(id, 0, 10)).length, 1);
  t.match(await forget({ deployments: 100, deploymentsDays: 60, logsDays: 30, commands: 10 }), {
    deployments: 1,
    logs: 0,
  });
  t.match(await forget({ deployments: 1, logsDays: 30, commands: 10 }), { deployments: 0, logs: 0 });
  t.same((await left()).sort(), [live, held, queued, young].sort());
  await database.sql`update deployments set artifact_discarded_at = now() where id = ${held}`;
  t.match(await forget({ deployments: 1, logsDays: 30, commands: 10 }), { deployments: 1, logs: 0 });
});

t.test('more than a batch goes, and a signal ends it between two', async (t) => {
  const { forget, database, service } = await withHistory(t);
  await database.sql`insert into deployments (id, service_id, environment, number, status, trigger, want, snapshot)
    select gen_random_uuid(), ${service.id}, 'production', n, 'failed', '{}', '{}', '{}' from generate_series(1, 450) n`;
  t.match(
    await retentionRepository(database).forget({ deployments: 10, logsDays: 1, commands: 10 }, AbortSignal.abort()),
    {
      deployments: 0,
    },
  );
  t.match(await forget({ deployments: 10, logsDays: 1, commands: 10 }), { deployments: 440 });
  t.equal((await database.sql`select 1 from deployments`).length, 10);
});
