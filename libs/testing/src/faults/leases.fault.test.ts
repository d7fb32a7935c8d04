import { access } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { type FaultStack, startFaultStack, type WorkerProgram } from './fault-stack.js';
import { assertVisitorsContent, createGatedService, ended, type GatedService } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { lockTable } from './locks.js';
import { Measures, repeats } from './measures.js';
import { wait } from './patience.js';

t.setTimeout(0);

const limitMs = 30_000;
const frozenServices = 3;

t.test('a worker that was frozen for longer than its lease changes nothing afterwards', async (t) => {
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 2, slots: frozenServices });
  const services = await Promise.all(Array.from({ length: frozenServices }, () => createGatedService(stack)));
  const measures = new Measures('from the freeze to the end');
  const rounds = Math.ceil(repeats / frozenServices);
  for (let round = 1; round <= rounds; round += 1)
    for (const stage of ['release', 'verify'] as const)
      await t.test(`round ${round}: in ${stage}`, async (t) => {
        const under = await Promise.all(
          services.map(async (service) => {
            await stack.gates.close(service.name, stage);
            const id = await service.deploy(`${service.name} ${stage} ${round}`);
            await stack.gates.held(service.name, stage);
            return { id, service };
          }),
        );
        const frozen = await freezeOwners(stack, under);
        for (const { service } of under) await stack.gates.open(service.name, stage);
        for (const { id } of under) measures.add(await untilSucceeded(t, stack, id, frozen.at));
        await thawAll(stack, frozen.workers);
        await assertInvariants(t, stack);
      });
  for (let round = 1; round <= rounds; round += 1)
    await t.test(`round ${round}: with its switch on the way`, async (t) => {
      const lock = await lockTable(stack, 'releases');
      const under = await Promise.all(
        services.map(async (service) => ({ service, id: await service.deploy(`${service.name} switch ${round}`) })),
      );
      await wait('the switches wait', async () => (await lock.waiting()).length >= under.length);
      const stale = await lock.waiting();
      const frozen = await freezeOwners(stack, under);
      for (const { id } of under)
        await wait('another worker holds it', async () => {
          const owner = await stack.ownerOf(id);
          return owner !== null && !frozen.workers.includes(owner);
        });
      await wait('the switches of both wait', async () => (await lock.waiting()).length >= 2 * under.length);
      await lock.release();
      for (const { id } of under) measures.add(await untilSucceeded(t, stack, id, frozen.at));
      await thawAll(stack, frozen.workers);
      await assertRefused(t, stack, under, stale);
      await assertInvariants(t, stack);
    });
  measures.tell(t);
  await assertVisitorsContent(t, services);
});

/** Each was switched to, and by a statement of its new owner, though the old one's came first. */
async function assertRefused(t: Test, { sql }: FaultStack, under: Under[], stale: number[]): Promise<void> {
  const rows = await sql<{ backend: number }[]>`
    select backend from faults.switches where deployment_id in ${sql(under.map(({ id }) => id))}`;
  t.equal(rows.length, under.length, 'each became live once');
  t.notOk(
    rows.some(({ backend }) => stale.includes(backend)),
    'the switch of the worker that was frozen is refused',
  );
}

interface Under {
  id: string;
  service: GatedService;
}

/** The other workers are there already; where all are frozen, one more is started. */
async function freezeOwners(stack: FaultStack, under: Under[]): Promise<{ workers: WorkerProgram[]; at: number }> {
  const owners = await Promise.all(under.map(({ id }) => stack.ownerOf(id)));
  const workers = [...new Set(owners.filter((owner): owner is WorkerProgram => owner !== null))];
  const free = stack.workers.filter((worker) => worker.program.runs && !workers.includes(worker));
  if (free.length === 0) await stack.startWorker();
  for (const { program } of workers) program.freeze();
  return { workers, at: performance.now() };
}

async function untilSucceeded(t: Test, stack: FaultStack, id: string, since: number): Promise<number> {
  const { status, error } = await ended(stack, id);
  const took = performance.now() - since;
  t.equal(status, 'succeeded', `${id}: ${status} ${JSON.stringify(error)}`);
  t.ok(took < limitMs, `${id} ended after ${Math.round(took)} ms`);
  return took;
}

/** Resolves once they have told that nothing runs on them any more. */
async function thawAll({ sql }: FaultStack, workers: WorkerProgram[]): Promise<void> {
  for (const { program } of workers) program.thaw();
  for (const { id } of workers)
    await wait(`${id} has nothing to do after its thaw`, async () => {
      const rows =
        await sql`select 1 from workers where id = ${id} and running = 0 and last_heartbeat_at > now() - interval '3 seconds'`;
      return rows.length > 0;
    });
}

const libfaketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const noFaketime = await access(libfaketime).then(
  () => false as const,
  () => 'libfaketime is not installed',
);

/** The second one is for full runs. */
const offsets = repeats > 1 ? ['+60s', '-60s'] : ['+60s'];
for (const offset of offsets)
  t.test(
    `a worker whose clock is off by ${offset} takes nothing from others, and loses nothing`,
    { skip: noFaketime },
    async (t) => {
      const stack = await startFaultStack(t, { queue: 'redis', workers: 1, slots: 2 });
      const env = { LD_PRELOAD: libfaketime, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
      const off = await stack.startWorker({ env, slots: 2 });
      const services = await Promise.all(Array.from({ length: 4 }, () => createGatedService(stack)));
      const under = await Promise.all(
        services.map(async (service) => {
          await stack.gates.close(service.name, 'build');
          const id = await service.deploy(`${service.name} off`);
          await stack.gates.held(service.name, 'build');
          return { id, service };
        }),
      );
      const owners = await Promise.all(under.map(({ id }) => stack.ownerOf(id)));
      t.ok(owners.includes(off), 'it takes part');
      // Longer than any lock or lease lasts without being renewed.
      await untilTime(stack, 20);
      for (const { service } of under) await stack.gates.open(service.name, 'build');
      for (const { id } of under)
        t.match(await ended(stack, id), { status: 'succeeded', leaseEpoch: 1 }, 'one worker had it all the time');
      await assertInvariants(t, stack);

      await stack.gates.close(services[0]!.name, 'build');
      const id = await services[0]!.deploy(`${services[0]!.name} lost`);
      await stack.gates.held(services[0]!.name, 'build');
      const owner = await stack.ownerOf(id);
      if (owner === off) await stack.startWorker();
      const began = performance.now();
      await owner?.program.kill();
      await stack.gates.open(services[0]!.name, 'build');
      const measures = new Measures(
        `from the kill of ${owner === off ? 'the one that is off' : 'the right one'} to the end`,
      );
      measures.add(await untilSucceeded(t, stack, id, began));
      measures.tell(t);
      await assertInvariants(t, stack);
      await assertVisitorsContent(t, services);
    },
  );

/** Seconds by the database's clock. */
async function untilTime({ sql }: FaultStack, seconds: number): Promise<void> {
  const [row] = await sql<{ then: Date }[]>`select now() + make_interval(secs => ${seconds}) as then`;
  await wait('the time has passed', async () => (await sql`select 1 where now() > ${row!.then}`).length > 0);
}

t.test('what one of two able workers held goes to the other one, not to the dead one', async (t) => {
  const stack = await startFaultStack(t, { queue: 'redis', workers: 1 });
  await stack.startWorker({ labels: ['able'] });
  await stack.startWorker({ labels: ['able'] });
  const service = await createGatedService(stack, { delivery: { workerLabels: ['able'] } });
  const measures = new Measures('from the kill to the end, with a label');
  for (let round = 1; round <= repeats; round += 1) {
    await stack.gates.close(service.name, 'build');
    const id = await service.deploy(`${service.name} ${round}`);
    await stack.gates.held(service.name, 'build');
    const owner = await stack.ownerOf(id);
    const began = performance.now();
    await owner?.program.kill();
    await stack.gates.open(service.name, 'build');
    measures.add(await untilSucceeded(t, stack, id, began));
    await stack.startWorker({ labels: ['able'] });
    await assertInvariants(t, stack);
  }
  measures.tell(t);
  await assertVisitorsContent(t, [service]);
});
