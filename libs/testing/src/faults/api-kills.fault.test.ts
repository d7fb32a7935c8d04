import { once } from 'node:events';
import { readdir, utimes } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { site } from '../e2e/scenarios.js';
import { redisMissing } from '../redis.js';
import { type FaultStack, startFaultStack } from './fault-stack.js';
import { assertVisitorsContent, createGatedService, ended, type GatedService } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { Measures, repeats } from './measures.js';
import { wait } from './patience.js';

t.setTimeout(0);

const atOnce = 10;
/** Each kills twice: 100 times in a full run of 20 repeats. */
const rounds = repeats === 1 ? 1 : Math.ceil(repeats * 2.5);

t.test(
  'the api is killed between the commit of deployments and their way into the queue',
  { skip: redisMissing() },
  async (t) => {
    const stack = await startFaultStack(t, { queue: 'redis', workers: 2 });
    const services = await Promise.all(Array.from({ length: atOnce }, () => createGatedService(stack)));
    const measures = new Measures('from the kill to the end');
    for (let round = 1; round <= rounds; round += 1) {
      await t.test(`round ${round}: handed over, and never queued`, async (t) => {
        stack.redis?.freeze();
        const ids = await Promise.all(services.map((service) => service.deploy(`${service.name} handed ${round}`)));
        // Those behind it wait for the answer of the queue's store.
        await wait('the first is handed over', async () => {
          const rows =
            await stack.sql`select 1 from deployments where id in ${stack.sql(ids)} and dispatched_at is not null`;
          return rows.length > 0;
        });
        const began = performance.now();
        await stack.apis[0]!.kill();
        stack.redis?.thaw();
        await stack.restartRole(stack.apis[0]!);
        await allSucceed(t, stack, ids, measures, began);
      });
      await t.test(`round ${round}: in the middle of the requests`, async (t) => {
        const [before] = await stack.sql<{ count: number }[]>`select count(*)::int from deployments`;
        const ask = (service: GatedService) =>
          stack.api.post(`/services/${service.id}/deployments`, {}, { 'idempotency-key': `middle ${round}` });
        const asked = services.map((service) => ask(service).catch(() => null));
        await wait('the first is stored', async () => {
          const [now] = await stack.sql<{ count: number }[]>`select count(*)::int from deployments`;
          return now!.count > before!.count;
        });
        const began = performance.now();
        await stack.apis[0]!.kill();
        const first = await Promise.all(asked);
        await stack.restartRole(stack.apis[0]!);
        const again = await Promise.all(services.map(ask));
        const ids = again.map((answer) => answer.body.id as string);
        for (const [index, answer] of first.entries())
          if (answer?.status === 202) t.equal(answer.body.id, ids[index], 'what was accepted is the same deployment');
        await allSucceed(t, stack, ids, measures, began);
        const [after] = await stack.sql<{ count: number }[]>`select count(*)::int from deployments`;
        t.equal(after!.count - before!.count, services.length, 'asked for twice, stored once');
      });
    }
    measures.tell(t);
    await assertVisitorsContent(t, services);
  },
);

async function allSucceed(t: Test, stack: FaultStack, ids: string[], measures: Measures, since: number): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      const { status, error } = await ended(stack, id);
      measures.add(performance.now() - since);
      t.equal(status, 'succeeded', `${id}: ${status} ${JSON.stringify(error)}`);
    }),
  );
  await assertInvariants(t, stack);
}

t.test('the api is killed in the middle of an upload, and nobody ever sees a half file', async (t) => {
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 1 });
  const archive = site({ 'index.html': 'whole', 'noise.bin': Array.from({ length: 200_000 }, Math.random).join('') });
  const halves = join(stack.dataDir, 'storage/tmp');
  for (let round = 1; round <= repeats; round += 1) {
    const upload = await sendHalf(stack, archive);
    await wait('half of it is on disk', async () => (await readdir(halves)).length === round);
    await stack.apis[0]!.kill();
    upload.destroy();
    await stack.restartRole(stack.apis[0]!);
    t.same(await readdir(join(stack.dataDir, 'storage/uploads')), [], 'nothing counts as uploaded');
    t.same(await stack.sql`select id from uploads`, []);
  }
  const whole = await stack.api.upload(archive, 'application/gzip');
  t.equal(whole.status, 201, JSON.stringify(whole.body));
  const created = await stack.api.post('/services', {
    name: 'uploaded',
    providerId: 'static',
    builderId: 'static',
    providerConfig: { uploadId: whole.body.id },
    builderConfig: {},
  });
  t.match(await stack.api.deploy(created.body.id), { status: 'succeeded' });
  await assertInvariants(t, stack, { brokenUploads: true });
  await ageByAnHour(halves);
  t.match(await stack.api.deploy(created.body.id), { status: 'succeeded' });
  await assertInvariants(t, stack);
});

async function ageByAnHour(folder: string): Promise<void> {
  const then = Date.now() / 1_000 - 3_601;
  for (const name of await readdir(folder)) await utimes(join(folder, name), then, then);
}

async function sendHalf(stack: FaultStack, archive: Buffer): Promise<ClientRequest> {
  const headers = {
    authorization: `Bearer ${stack.api.token}`,
    'content-type': 'application/gzip',
    'content-length': archive.length,
  };
  const sending = request(new URL('/uploads', stack.api.url), { method: 'POST', headers });
  sending.on('error', () => {});
  sending.write(archive.subarray(0, archive.length / 2));
  await once(sending, 'socket');
  return sending;
}
