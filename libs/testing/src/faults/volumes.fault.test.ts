import { setTimeout as delay } from 'node:timers/promises';
import { listContainers } from '@pierhead/docker';
import t from 'tap';
import { dockerMissing, ensureBaseImages, testEngine } from '../docker.js';
import { visit } from '../visit.js';
import { createDockerService, removeServices } from './docker-service.js';
import { startFaultStack } from './fault-stack.js';
import { ended } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { wait } from './patience.js';

t.setTimeout(0);

t.test('a worker dies while one release makes way for the next', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 1 });
  t.teardown(async () => {
    await removeServices(stack);
    await wait('everything is cleared', async () => (await stack.sql`select 1 from services`).length === 0).catch(
      () => {},
    );
  });
  const { id, hostname, visitors, deploy } = await createDockerService(stack);
  await visitors.leave();
  await stack.api.patch(`/services/${id}`, { runtimeConfig: { volumes: [{ name: 'files', path: '/files' }] } });
  t.match(await ended(stack, await deploy('first')), { status: 'succeeded' });
  const most = countTogether(id);

  const dieWhile = async (version: string) => {
    const deploymentId = await deploy(version, { verify: 6 });
    await wait('the old release has made way, and the new one runs', async () => {
      const held = await stack.sql`select 1 from releases where service_id = ${id} and upstreams = '[]'::jsonb`;
      const runs = await stack.sql`select 1 from deployments where id = ${deploymentId} and instance is not null`;
      return held.length + runs.length === 2;
    });
    await (await stack.ownerOf(deploymentId))!.program.kill();
    return deploymentId;
  };
  const page = async () => (await visit(stack.gatewayUrl, hostname)).text.trim();

  await t.test('its successor goes on', async (t) => {
    const deploymentId = await dieWhile('second');
    const waiting = page();
    await stack.startWorker();
    t.match(await ended(stack, deploymentId), { status: 'succeeded' });
    t.equal(await waiting, 'second', 'a request that came meanwhile was answered in the end');
    await assertInvariants(t, stack);
  });

  await t.test('its successor brings the old one back where it was canceled', async (t) => {
    const deploymentId = await dieWhile('third');
    await stack.api.post(`/deployments/${deploymentId}/cancel`);
    await stack.startWorker();
    t.match(await ended(stack, deploymentId), { status: 'canceled' });
    t.equal(await page(), 'second');
    await assertInvariants(t, stack);
  });

  t.equal(await most.stop(), 1, 'two of them never ran at the same time');
});

/** Looks how many replicas of a service run at the same time. */
function countTogether(serviceId: string) {
  let most = 0;
  let looking = true;
  const look = async () => {
    const found = await listContainers(testEngine(), { 'pierhead.service': serviceId });
    const running = found.filter(({ labels, state }) => labels['pierhead.deployment'] && state === 'running');
    most = Math.max(most, running.length);
  };
  const looks = (async () => {
    while (looking) {
      await look();
      await delay(50);
    }
  })();
  return {
    async stop(): Promise<number> {
      looking = false;
      await looks;
      return most;
    },
  };
}
