import { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { redisMissing } from '../redis.js';
import { type FaultStack, startFaultStack } from './fault-stack.js';
import type { GatedStage } from './gated-plugin/gate.js';
import {
  assertVisitorsContent,
  createGatedService,
  ended,
  type GatedService,
  requestDeployment,
} from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { Measures, repeats } from './measures.js';
import { wait } from './patience.js';

t.setTimeout(0);

const stages: GatedStage[] = ['fetch', 'build', 'release', 'verify'];
/** Longer than a lease. */
const longSeconds = 20;

for (const queue of ['postgres', 'redis'] as const)
  t.test(
    `PostgreSQL crashes and comes back, with the queue on ${queue}`,
    { skip: queue === 'redis' && redisMissing() },
    async (t) => {
      const stack = await startFaultStack(t, { queue, workers: 2 });
      const services = await Promise.all(stages.map(() => createGatedService(stack)));
      const measures = new Measures('from its return to the end');
      for (let round = 1; round <= repeats; round += 1)
        for (const seconds of queue === 'postgres' || repeats > 1 ? [0, longSeconds] : [0])
          await t.test(`round ${round}: after ${seconds} s`, async (t) => {
            const ids = await hold(stack, services, `${round} ${seconds}`);
            await stack.crashPostgres();
            // How long it is away is the case.
            await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
            for (const [index, service] of services.entries()) await stack.gates.open(service.name, stages[index]!);
            await stack.startPostgres();
            await allSucceed(t, stack, ids, measures);
          });
      measures.tell(t);
      await assertVisitorsContent(t, services);
    },
  );

t.test('the store of the queue loses everything', { skip: redisMissing() }, async (t) => {
  const stack = await startFaultStack(t, { queue: 'redis', workers: 1, slots: stages.length });
  const services = await Promise.all(
    stages.map(() => createGatedService(stack, { delivery: { queuePolicy: 'queue-all' } })),
  );
  const measures = new Measures('from the loss to the end');
  const losses: [string, () => Promise<void>][] = [
    ['flushed', () => flush(stack)],
    ['killed', () => restartRedis(stack)],
  ];
  for (let round = 1; round <= repeats; round += 1)
    for (const [how, lose] of losses)
      await t.test(`round ${round}: it is ${how}`, async (t) => {
        const other = await createGatedService(stack);
        const running = await hold(stack, services, `${round} ${how}`);
        // The worker is full: this one waits in the queue.
        const queued = await requestDeployment(stack, other.id);
        await wait('it is handed over', async () => {
          const rows = await stack.sql`select 1 from deployments where id = ${queued} and dispatched_at is not null`;
          return rows.length > 0;
        });
        const behind = await Promise.all(services.map(({ id }) => requestDeployment(stack, id)));
        await lose();
        for (const [index, service] of services.entries()) await stack.gates.open(service.name, stages[index]!);
        await allSucceed(t, stack, [...running, queued, ...behind], measures);
        await assertVisitorsContent(t, [other]);
      });
  measures.tell(t);
  await assertVisitorsContent(t, services);
});

async function hold(stack: FaultStack, services: GatedService[], content: string): Promise<string[]> {
  return Promise.all(
    services.map(async (service, index) => {
      await stack.gates.close(service.name, stages[index]!);
      const id = await service.deploy(`${service.name} ${content}`);
      await stack.gates.held(service.name, stages[index]!);
      return id;
    }),
  );
}

async function flush({ redisUrl }: FaultStack): Promise<void> {
  const redis = new Redis(redisUrl!);
  await redis.flushall();
  redis.disconnect();
}

async function restartRedis({ redis }: FaultStack): Promise<void> {
  await redis!.kill();
  redis!.start();
}

async function allSucceed(t: Test, stack: FaultStack, ids: string[], measures: Measures): Promise<void> {
  const began = performance.now();
  await Promise.all(
    ids.map(async (id) => {
      const { status, error } = await ended(stack, id);
      const took = performance.now() - began;
      measures.add(took);
      t.equal(status, 'succeeded', `${id}: ${status} ${JSON.stringify(error)}`);
      t.ok(took < 30_000, `${id} ended after ${Math.round(took)} ms`);
    }),
  );
  await assertInvariants(t, stack);
}
