import t from 'tap';
import { dockerMissing, ensureBaseImages } from '../docker.js';
import { createBusyService, startCrowd } from './busy-service.js';
import { removeServices } from './docker-service.js';
import { startFaultStack } from './fault-stack.js';
import { assertInvariants } from './invariants.js';
import { repeats } from './measures.js';

t.setTimeout(0);

const deploymentsEach = 5;

t.test('deployments under load', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 1 });
  t.teardown(() => removeServices(stack));
  const service = await createBusyService(stack, { drainSeconds: 3 });
  const crowd = startCrowd(stack, service.hostname);
  const count = repeats * deploymentsEach;
  for (let number = 1; number <= count; number += 1) {
    const { status, error } = await service.deploy(`release ${number}`);
    t.equal(status, 'succeeded', JSON.stringify(error));
  }
  const { done, wrong, wentAway } = await crowd.leave();
  t.same(wrong, [], 'no request, upload or WebSocket was lost');
  t.ok(wentAway > 0, 'WebSockets were asked to go elsewhere');
  for (const kind of ['quick', 'quick on a new connection', 'slow', 'upload'])
    t.ok((done[kind] ?? 0) >= count, `${kind}: ${done[kind]}`);
  t.comment(`measured: ${count} deployments: ${JSON.stringify(done)}, ${wentAway} WebSockets went elsewhere`);
  await assertInvariants(t, stack, { limitMs: 30_000 });
});
