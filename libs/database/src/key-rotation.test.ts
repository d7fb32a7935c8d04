import { randomBytes } from 'node:crypto';
import { order } from '@pierhead/testing';
import t, { type Test } from 'tap';
import type { Database } from './connect.js';
import { setUp as setUpDatabase } from './fixture.js';
import { newId } from './ids.js';
import { keyRotationRepository, type RotationStep } from './key-rotation.js';
import { createSecrets, type Secrets } from './secrets.js';

const key = () => randomBytes(32).toString('base64');

/** Services with a secret in each of the places that may have one, sealed with a key that is old by now. */
async function setUp(t: Test) {
  const parts = await setUpDatabase(t);
  const [old, own] = [key(), key()];
  const [before, secrets, after] = [createSecrets(old), createSecrets(own, [old]), createSecrets(own)];
  const create = async (name: string, sealing = before) => {
    const id = newId();
    const secret = (text: string) => sealing.seal(text, id);
    const source = { providerId: 'p', providerVersion: '1.0.0', providerConfig: { token: secret('fallback') } };
    return parts.create(name, {
      id,
      providerConfig: { url: 'x', token: secret('provider') },
      builderConfig: { secrets: { npm: secret('builder') } },
      runtimeConfig: { deep: [{ password: secret('runtime') }] },
      fallbackSources: [source],
      variables: { KEY: secret('variable'), PLAIN: '"$sealed": "no"' },
    });
  };
  const rotation = keyRotationRepository(parts.database, secrets);
  return { ...parts, create, old, before, secrets, after, rotation };
}

/** All steps from the beginning. */
async function rotate({ step }: ReturnType<typeof keyRotationRepository>, batch = 100) {
  const total: Omit<RotationStep, 'next'> = { sealed: 0, resealed: 0, unknown: [] };
  let next: RotationStep['next'] = null;
  do {
    const done: RotationStep = await step(next, batch);
    total.sealed += done.sealed;
    total.resealed += done.resealed;
    total.unknown.push(...done.unknown);
    next = done.next;
  } while (next);
  return total;
}

const opened = {
  providerConfig: { url: 'x', token: 'provider' },
  builderConfig: { secrets: { npm: 'builder' } },
  runtimeConfig: { deep: [{ password: 'runtime' }] },
  fallbackSources: [{ providerConfig: { token: 'fallback' } }],
  variables: { KEY: 'variable', PLAIN: '"$sealed": "no"' },
};

/** Until a statement waits for a lock that somebody else has. */
async function someoneWaits({ sql }: Database) {
  const waiting = () =>
    sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await waiting()).length === 0);
}

t.test(
  'services and snapshots are sealed anew, their revisions stay, and a second time there is nothing to do',
  async (t) => {
    const { database, services, deployments, create, after, rotation } = await setUp(t);
    const [web, gone] = [await create('web'), await create('gone')];
    const deployment = await deployments.create(order(web.id));
    await services.remove(gone.id);
    t.same(await rotate(rotation), { sealed: 15, resealed: 15, unknown: [] });
    const now = (await services.find(web.id))!;
    t.match(after.open(now, web.id), opened);
    t.match({ ...now, updatedAt: null }, { revision: web.revision, nextNumber: 2, hostnames: [] });
    t.same(now.updatedAt, web.updatedAt);
    t.match(after.open((await deployments.find(deployment!.id))!.snapshot, web.id), opened);
    const [left] = await database.sql`select variables from services where id = ${gone.id}`;
    t.match(after.open(left, gone.id), { variables: opened.variables }, 'of a removed service too');

    const [rows] = await database.sql`select array_agg(xmin::text order by id) as versions from services`;
    t.same(await rotate(rotation), { sealed: 15, resealed: 0, unknown: [] });
    const [same] = await database.sql`select array_agg(xmin::text order by id) as versions from services`;
    t.same(same, rows, 'nothing is written');
  },
);

t.test('it may end anywhere and begin again', async (t) => {
  const { deployments, create, rotation } = await setUp(t);
  const [one, two] = [await create('one'), await create('two')];
  for (const { id } of [one, two, one]) await deployments.create(order(id));
  let place: RotationStep['next'] = null;
  let resealed = 0;
  for (let count = 1; count <= 4; count++) {
    const step: RotationStep = await rotation.step(place, 1);
    place = step.next;
    resealed += step.resealed;
  }
  t.equal(resealed, 15, 'both services and a deployment');
  t.same(await rotate(rotation, 2), { sealed: 25, resealed: 10, unknown: [] });
});

t.test('a change of a service that is under way is not lost, nor sealed with the old key', async (t) => {
  const { database, services, create, secrets, after, rotation } = await setUp(t);
  const { id, revision } = await create('web');
  const changed = JSON.stringify({ KEY: secrets.seal('changed', id) });
  let rotating: ReturnType<typeof rotate> | undefined;
  await database.sql.begin(async (tx) => {
    await tx`update services set variables = ${changed}::jsonb, revision = revision + 1 where id = ${id}`;
    rotating = rotate(rotation);
    await someoneWaits(database);
  });
  t.match(await rotating, { resealed: 4 });
  const now = (await services.find(id))!;
  t.equal(now.revision, revision + 1);
  t.match(after.open(now, id), { ...opened, variables: { KEY: 'changed' } });
});

t.test('a change that was based on what is sealed anew meanwhile is let in', async (t) => {
  const { services, create, rotation } = await setUp(t);
  const { id, revision, ...values } = await create('web');
  await rotate(rotation);
  const outcome = await services.replace(id, revision, { ...values, variables: { NEW: 'x' } });
  t.match(outcome, { revision: revision + 1, variables: { NEW: 'x' } });
});

t.test('a deployment that is made of an earlier one meanwhile is met as well', async (t) => {
  const { database, deployments, create, after, rotation } = await setUp(t);
  const service = await create('web');
  const earlier = (await deployments.create(order(service.id)))!;
  const copied = newId();
  const { next } = await rotation.step((await rotation.step(null)).next);
  t.match(next, { table: 'deployments' }, 'the services are done, and so is the page of deployments');
  await database.sql`update deployments set snapshot = ${JSON.stringify(earlier.snapshot)}::jsonb where id = ${earlier.id}`;
  let rotating: ReturnType<typeof rotate> | undefined;
  await database.sql.begin(async (tx) => {
    await tx`select id from services where id = ${service.id} for update`;
    rotating = rotate(rotation);
    await someoneWaits(database);
    await tx`insert into deployments (id, service_id, environment, number, trigger, want, snapshot)
      select ${copied}, service_id, 'preview', 2, trigger, want, snapshot from deployments where id = ${earlier.id}`;
  });
  t.match(await rotating, { resealed: 10 });
  for (const id of [earlier.id, copied])
    t.match(after.open((await deployments.find(id))!.snapshot, service.id), opened);
});

t.test('what no key opens is counted, named and left as it is', async (t) => {
  const { services, deployments, create, rotation } = await setUp(t);
  const stranger: Secrets = createSecrets(key());
  const lost = await create('lost', stranger);
  await create('web');
  const deployment = (await deployments.create(order(lost.id)))!;
  const { unknown, ...counts } = await rotate(rotation);
  t.same(counts, { sealed: 15, resealed: 5 });
  t.same(unknown, Array(10).fill({ serviceId: lost.id, keyId: stranger.keyId }));
  t.same((await services.find(lost.id))!.variables, lost.variables);
  t.same((await deployments.find(deployment.id))!.snapshot, deployment.snapshot);
});

t.test('a retry has the same revision while its service is sealed anew and it is not yet', async (t) => {
  const { database, deployments, create, secrets, rotation } = await setUp(t);
  const service = await create('web');
  const first = (await deployments.create(order(service.id)))!;
  const revision = JSON.stringify({ id: 'abc' });
  await database.sql`update deployments set status = 'failed', revision = ${revision}::jsonb where id = ${first.id}`;
  const failed = (await deployments.find(first.id))!;
  await rotation.step(null);
  const again = { deployment: failed, secrets };
  t.match(await deployments.create({ ...order(service.id), again }), { revision: { id: 'abc' } });
  await database.sql`update services set provider_config = '{"url": "y"}' where id = ${service.id}`;
  t.equal((await deployments.create({ ...order(service.id), again }))!.revision, null, 'of another source it has not');
});
