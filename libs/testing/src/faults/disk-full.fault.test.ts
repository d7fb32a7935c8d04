import { rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type FaultStack, startFaultStack } from './fault-stack.js';
import type { GatedStage } from './gated-plugin/gate.js';
import { assertVisitorsContent, createGatedService, ended, type GatedService } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { repeats } from './measures.js';
import { wait } from './patience.js';

t.setTimeout(0);

const mebibyte = 1_048_576;
const dataMebibytes = 64;
const skip = process.getuid?.() !== 0 && 'only root can make a small file system';

t.test('the disk fills up under a worker that minds its floor', { skip }, async (t) => {
  const { stack, service } = await setUp(t, 8 * mebibyte);
  for (let round = 1; round <= repeats; round += 1)
    for (const [stage, spare] of [
      ['fetch', 2 * mebibyte],
      ['build', 0],
    ] as const)
      await t.test(
        `round ${round}: before it can ${stage}, with ${spare} bytes left, it waits and says why`,
        async (t) => {
          const { id, empty } = await fillAt(stack, service, stage, `${stage} ${round}`, spare);
          await wait('it says why it waits', async () => {
            const { status, queue } = (await stack.api.get(`/deployments/${id}`)).body;
            return status === 'queued' && /free on the disk of .*PIERHEAD_MIN_FREE_DISK/.test(queue?.reason);
          });
          await empty();
          t.match(await ended(stack, id), { status: 'succeeded' }, 'with room again it goes on');
          await assertInvariants(t, stack);
        },
      );
  await assertVisitorsContent(t, [service]);
});

t.test('the disk fills up under a worker that minds no floor', { skip }, async (t) => {
  const { stack, service } = await setUp(t, 0);
  for (let round = 1; round <= repeats; round += 1) {
    await t.test(`round ${round}: before it can fetch, and there is room again in time`, async (t) => {
      const { id, empty } = await fillAt(stack, service, 'fetch', `in time ${round}`);
      await tried(stack, id, 2);
      await empty();
      t.match(await ended(stack, id), { status: 'succeeded' });
      await assertInvariants(t, stack);
    });
    await t.test(`round ${round}: before it can build, for good`, async (t) => {
      const { id, empty } = await fillAt(stack, service, 'build', `for good ${round}`);
      const { status, error } = await ended(stack, id);
      t.match({ status, error }, { status: 'failed', error: { code: 'disk_full', stage: /fetch|build/ } });
      await empty();
      const again = await service.deploy(`${service.name} room ${round}`);
      t.match(await ended(stack, again), { status: 'succeeded' }, 'with room again it deploys');
      await assertInvariants(t, stack);
    });
  }
  await assertVisitorsContent(t, [service]);
});

async function setUp(t: Test, floor: number): Promise<{ stack: FaultStack; service: GatedService }> {
  const env = { PIERHEAD_MIN_FREE_DISK: String(floor) };
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 1, dataMebibytes, env });
  // Nothing is collected: what one deployment leaves must not make room for the next.
  return { stack, service: await createGatedService(stack, { delivery: { keepReleases: 100 } }) };
}

/** Deploys, and takes all but some bytes while the deployment stands before the work of a stage. */
async function fillAt(stack: FaultStack, service: GatedService, stage: GatedStage, version: string, spare = 0) {
  const filler = join(stack.dataDir, 'filler');
  await stack.gates.close(service.name, stage);
  const id = await service.deploy(`${service.name} ${version} `.padEnd(900, '.'));
  await stack.gates.held(service.name, stage);
  await fill(filler);
  await truncate(filler, (await stat(filler)).size - spare);
  await stack.gates.open(service.name, stage);
  return { id, empty: () => rm(filler) };
}

async function tried({ sql }: FaultStack, id: string, times: number): Promise<void> {
  await wait(`${id} has failed ${times} times`, async () => {
    const rows = await sql`select 1 from deployments where id = ${id} and retries >= ${times}`;
    return rows.length > 0;
  });
}

/** Leaves no byte free. */
async function fill(path: string): Promise<void> {
  for (const size of [mebibyte, 4_096, 1])
    await (async () => {
      for (;;) await writeFile(path, Buffer.alloc(size), { flag: 'a' });
    })().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC') throw error;
    });
}
