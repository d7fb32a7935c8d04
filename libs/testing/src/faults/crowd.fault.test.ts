import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { createSite } from '../e2e/scenarios.js';
import { redisMissing } from '../redis.js';
import { type FaultStack, startFaultStack } from './fault-stack.js';
import { createGatedService, ended, requestDeployment } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { repeats } from './measures.js';
import { wait } from './patience.js';
import { startWeighing, type Weights } from './weights.js';

t.setTimeout(0);

/** In a full run of 20 repeats three times 1,000 deployments over 50 services: what grows shows after the first. */
const [waves, services, each] = repeats >= 20 ? [3, 50, 20] : [2, 10, 5];
const total = waves * services * each;
/** A process may need this much more memory after the last wave than after the first, and so many MiB. */
const [growth, slack] = [1.1, 3];

t.test('many deployments at once over many services', { skip: redisMissing() }, async (t) => {
  const { env, weigh } = startWeighing(t);
  const stack = await startFaultStack(t, { queue: 'redis', workers: 3, slots: 2, env });
  const ids: string[] = [];
  for (let index = 1; index <= services; index += 1) {
    const { id } = await createSite(stack, `crowd-${index}`, { 'index.html': `crowd ${index}` });
    await stack.api.patch(`/services/${id}`, { delivery: { queuePolicy: 'queue-all' } });
    ids.push(id);
  }
  const began = performance.now();
  const answers = startAsking(stack);
  const weights: Weights[] = [];
  for (let wave = 1; wave <= waves; wave += 1) {
    const deployments = (await Promise.all(ids.map((id) => requestAll(stack, id)))).flat();
    t.equal(deployments.length, services * each);
    await wait('all have ended', async () => (await unfinished(stack)) === 0, 3_600_000, 500);
    weights.push(await weigh(stack));
  }
  const seconds = (performance.now() - began) / 1_000;
  const p99 = await answers.stop();

  const rows = await stack.sql<{ status: string; count: number }[]>`
    select status, count(*)::int from deployments group by status`;
  t.same(rows, [{ status: 'succeeded', count: total }]);
  t.same(await overlaps(stack), [], 'never two at once of one service');
  const change = [...weights[0]!].map(([name, first]) => ({ name, first, last: weights.at(-1)!.get(name)! }));
  for (const { name, first, last } of change)
    t.ok(last < first * growth + slack, `${name} went from ${first.toFixed(1)} to ${last.toFixed(1)} MiB`);
  t.comment(`measured: ${total} deployments in ${seconds.toFixed(1)} s; API p99 ${p99.toFixed(0)} ms`);
  t.comment(
    `measured: ${change.map(({ name, first, last }) => `${name} ${first.toFixed(1)} → ${last.toFixed(1)} MiB`).join(', ')}`,
  );
  await assertInvariants(t, stack);
});

t.test('twenty pushes in a second end in at most two builds', async (t) => {
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 2 });
  const service = await createGatedService(stack);
  await stack.gates.close(service.name, 'build');
  const pushed = await Promise.all(Array.from({ length: 20 }, () => requestDeployment(stack, service.id)));
  await stack.gates.held(service.name, 'build');
  await stack.gates.open(service.name, 'build');
  const ends = await Promise.all(pushed.map((id) => ended(stack, id)));
  const [built] = await stack.sql<{ count: number }[]>`
    select count(*)::int from stages where name = 'build' and deployment_id in ${stack.sql(pushed)}`;
  t.ok(built!.count <= 2, `${built!.count} were built`);
  const newest = [...pushed].sort().at(-1);
  t.equal(ends.find(({ id }) => id === newest)?.status, 'succeeded', 'the newest is live');
  t.ok(ends.every(({ status }) => ['succeeded', 'superseded'].includes(status)));
  await assertInvariants(t, stack);
  await service.visitors.leave();
});

async function requestAll(stack: FaultStack, serviceId: string): Promise<string[]> {
  const found: string[] = [];
  for (let number = 1; number <= each; number += 1) found.push(await requestDeployment(stack, serviceId));
  return found;
}

async function unfinished({ sql }: FaultStack): Promise<number> {
  const [row] = await sql<
    { count: number }[]
  >`select count(*)::int from deployments where status in ('queued', 'running')`;
  return row!.count;
}

/** Pairs of deployments of one service that were running at the same time, by what the database wrote down. */
async function overlaps({ sql }: FaultStack): Promise<readonly unknown[]> {
  return sql`
    with runs as (
      select d.service_id, s.deployment_id, s.nr as began,
        (select min(e.nr) from faults.statuses e where e.deployment_id = s.deployment_id and e.nr > s.nr and e.was = 'running') as ended
      from faults.statuses s join deployments d on d.id = s.deployment_id where s.became = 'running' and s.was = 'queued')
    select a.deployment_id, b.deployment_id as other from runs a join runs b on a.service_id = b.service_id
      and a.deployment_id < b.deployment_id and a.began < b.ended and b.began < a.ended`;
}

/** Somebody who asks the API the whole time; at the end, the 99th percentile in milliseconds. */
function startAsking({ api }: FaultStack): { stop(): Promise<number> } {
  const took: number[] = [];
  let stopped = false;
  const asking = (async () => {
    while (!stopped) {
      const began = performance.now();
      const { status } = await api.get('/deployments?limit=20');
      if (status !== 200) throw new Error(`the API answered ${status}`);
      took.push(performance.now() - began);
      await delay(50);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await asking;
      return took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0;
    },
  };
}
