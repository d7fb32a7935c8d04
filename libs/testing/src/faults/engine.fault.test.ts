import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { createDockerService } from './docker-service.js';
import { startFaultStack } from './fault-stack.js';
import { ended } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { Measures, repeats } from './measures.js';
import { ownEngineMissing, startOwnEngine } from './own-engine.js';
import { wait } from './patience.js';

t.setTimeout(0);

/** A release whose container got another address is found again within half a minute. */
const restMs = 60_000;

t.test('the Docker engine is restarted', { skip: ownEngineMissing() }, async (t) => {
  const engine = await startOwnEngine(t);
  const env = { PIERHEAD_DOCKER_SUBNETS: engine.subnets };
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 1, dockerHost: engine.dockerHost, env });
  const [building, verifying] = await Promise.all([createDockerService(stack), createDockerService(stack)]);
  const measures = new Measures('from the return of the engine to the end');
  for (let round = 1; round <= repeats; round += 1)
    await t.test(`round ${round}: while it builds for one service and starts another`, async (t) => {
      const ids = await Promise.all([
        building.deploy(`${building.name} ${round}`, { build: 5 }),
        verifying.deploy(`${verifying.name} ${round}`, { verify: 5 }),
      ]);
      for (const [id, stage] of [
        [ids[0]!, 'build'],
        [ids[1]!, 'verify'],
      ] as const)
        await wait(`${id} is in ${stage}`, async () => {
          const rows =
            await stack.sql`select 1 from stages where deployment_id = ${id} and name = ${stage} and status = 'running'`;
          return rows.length > 0;
        });
      // A step that is just being started, one that runs, and what lies between.
      await delay(((round - 1) % 8) * 100);
      await engine.restart();
      const began = performance.now();
      for (const id of ids) {
        const { status, error } = await ended(stack, id);
        measures.add(performance.now() - began);
        t.equal(status, 'succeeded', `${id}: ${status} ${JSON.stringify(error)}`);
      }
      t.ok(measures.max < 30_000, 'within 30 s');
      await assertInvariants(t, stack, { limitMs: restMs });
    });
  measures.tell(t);
  // The engine takes the live apps down with it: what visitors saw meanwhile is not held against anybody.
  await Promise.all([building.visitors.leave(), verifying.visitors.leave()]);
});
