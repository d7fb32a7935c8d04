import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startFaultStack } from './fault-stack.js';
import { createGatedService, ended } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { repeats } from './measures.js';
import { wait } from './patience.js';

t.setTimeout(0);

const mebibyte = 1_048_576;
const skip = process.getuid?.() !== 0 && 'only root can make a small file system';

t.test('the disk is full while deployments build, and empty again afterwards', { skip }, async (t) => {
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 1, dataMebibytes: 64 });
  const service = await createGatedService(stack);
  const filler = join(stack.dataDir, 'filler');
  for (let round = 1; round <= repeats; round += 1)
    for (const stage of ['fetch', 'build'] as const)
      await t.test(`round ${round}: before it can ${stage}`, async (t) => {
        await stack.gates.close(service.name, stage);
        const content = `${service.name} full ${stage} ${round}`.padEnd(20_000, '.');
        const id = await service.deploy(content);
        await stack.gates.held(service.name, stage);
        await fill(filler);
        await stack.gates.open(service.name, stage);
        // It fails with its reason, or waits for room with a reason that can be seen.
        const outcome = await wait(
          'the deployment has failed or says why it waits',
          async () => {
            const { status, error, queue } = (await stack.api.get(`/deployments/${id}`)).body;
            if (status === 'failed') return `${error.code}: ${error.message} ${error.hint}`;
            if (status === 'succeeded') return 'succeeded';
            return status === 'queued' && queue?.reason ? String(queue.reason) : null;
          },
          90_000,
        );
        t.match(outcome, /disk|space|room/i, 'the reason names the disk');
        await rm(filler);
        const { status } = await ended(stack, id);
        t.ok(['failed', 'succeeded'].includes(status), status);
        const again = await service.deploy(`${service.name} room ${stage} ${round}`);
        t.match(await ended(stack, again), { status: 'succeeded' }, 'with room again it deploys');
        await assertInvariants(t, stack);
      });
  const { wrong } = await service.visitors.leave();
  t.same(wrong, [], 'no visitor saw anything but a live release');
});

/** Leaves no byte free. */
async function fill(path: string): Promise<void> {
  for (const size of [mebibyte, 4_096, 1])
    await (async () => {
      for (;;) await writeFile(path, Buffer.alloc(size), { flag: 'a' });
    })().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC') throw error;
    });
}
