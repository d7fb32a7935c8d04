import type { Test } from 'tap';
import { type FaultStack, startFaultStack, type WorkerProgram } from './fault-stack.js';
import type { GatedStage } from './gated-plugin/gate.js';
import { assertVisitorsContent, createGatedService, ended, type GatedService } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { lockTable } from './locks.js';
import { Measures, repeats } from './measures.js';
import { wait } from './patience.js';

const limitMs = 30_000;
const stages: GatedStage[] = ['resolve', 'fetch', 'build', 'release', 'verify', 'cleanup'];
const lockedRounds = Math.ceil(repeats / stages.length);

interface Held {
  id: string;
  service: GatedService;
  point: string;
}

/** Kills workers at every point of the pipeline, and says how long others took to end what the dead had begun. */
export async function killWorkers(t: Test, queue: 'redis' | 'postgres'): Promise<void> {
  const stack = await startFaultStack(t, { queue, workers: 2, slots: 3 });
  const services = await Promise.all(stages.map(() => createGatedService(stack)));
  const measures = new Measures(`queue on ${queue}: from the kill to the end`);
  for (let round = 1; round <= repeats; round += 1)
    await t.test(`round ${round}: in each stage that can be held`, async (t) => {
      const held = await holdInStages(stack, services, round);
      await replaceCrew(stack, held, 'before', () => openAll(stack, held));
      await expectTakeOver(t, stack, held, measures);
    });
  for (let round = 1; round <= lockedRounds; round += 1)
    await t.test(`round ${round}: right before the switch`, async (t) => {
      const lock = await lockTable(stack, 'releases');
      const held = await holdAtSwitch(stack, services, `before ${round}`, false);
      await wait('the switches wait for the lock', async () => (await lock.waiting()).length >= held.length);
      await replaceCrew(stack, held, 'before', () => lock.release());
      await expectTakeOver(t, stack, held, measures);
    });
  for (let round = 1; round <= lockedRounds; round += 1)
    await t.test(`round ${round}: right after the switch`, async (t) => {
      const lock = await lockTable(stack, 'gateways');
      const held = await holdAtSwitch(stack, services, `after ${round}`, true);
      await replaceCrew(stack, held, 'after', () => lock.release());
      await expectTakeOver(t, stack, held, measures);
    });
  await t.test('the same deployment loses two workers', (t) => killTwice(t, stack, services[0]!));
  measures.tell(t);
  await t.test('visitors saw nothing of it', (t) => assertVisitorsContent(t, services));
}

/** Every service in another stage. */
async function holdInStages(stack: FaultStack, services: GatedService[], round: number): Promise<Held[]> {
  return Promise.all(
    stages.map(async (stage, index) => {
      const service = services[index]!;
      await stack.gates.close(service.name, stage);
      const id = await service.deploy(`${service.name} ${stage} ${round}`);
      await stack.gates.held(service.name, stage);
      return { id, service, point: stage };
    }),
  );
}

async function openAll(stack: FaultStack, held: Held[]): Promise<void> {
  await Promise.all(held.map(({ service, point }) => stack.gates.open(service.name, point as GatedStage)));
}

/** The switch is one statement: a lock on the table that it writes holds it; one on the gateways' holds the wait after it. */
async function holdAtSwitch(
  stack: FaultStack,
  services: GatedService[],
  point: string,
  switched: boolean,
): Promise<Held[]> {
  return Promise.all(
    services.map(async (service) => {
      const id = await service.deploy(`${service.name} ${point}`);
      await wait(`${service.name} stands at its switch`, async () => {
        const rows = await stack.sql`
          select 1 from stages s join deployments d on d.id = s.deployment_id where d.id = ${id} and s.name = 'switch'
            and s.status = 'running' and (d.switched_at is not null) = ${switched}`;
        return rows.length > 0;
      });
      return { id, service, point };
    }),
  );
}

/** The second worker dies in the same stage as the first. */
async function killTwice(t: Test, stack: FaultStack, service: GatedService): Promise<void> {
  await stack.gates.close(service.name, 'build');
  const id = await service.deploy(`${service.name} twice`);
  for (let death = 1; death <= 2; death += 1) {
    await stack.gates.held(service.name, 'build');
    const owner = await stack.ownerOf(id);
    if (!owner) throw new Error('nobody holds it');
    await owner.program.kill();
    await stack.startWorker();
  }
  await stack.gates.held(service.name, 'build');
  await stack.gates.open(service.name, 'build');
  t.match(await ended(stack, id), { status: 'succeeded' });
  await assertInvariants(t, stack);
}

/**
 * Kills all workers that hold something, and lets go of what held it. Another crew lives already, or is started
 * afterwards, as a supervisor would.
 */
async function replaceCrew(
  stack: FaultStack,
  held: Held[],
  when: 'before' | 'after',
  letGo: () => Promise<unknown>,
): Promise<void> {
  const owners = await Promise.all(held.map(({ id }) => stack.ownerOf(id)));
  const victims = [...new Set(owners.filter((owner): owner is WorkerProgram => owner !== null))];
  if (victims.length === 0) throw new Error('nobody holds them');
  const startCrew = () => Promise.all(victims.map(() => stack.startWorker()));
  if (when === 'before') await startCrew();
  await Promise.all(victims.map(({ program }) => program.kill()));
  await letGo();
  if (when === 'after') await startCrew();
}

async function expectTakeOver(t: Test, stack: FaultStack, held: Held[], measures: Measures): Promise<void> {
  const began = performance.now();
  await Promise.all(
    held.map(async ({ id, service, point }) => {
      const { status, error } = await ended(stack, id);
      const took = performance.now() - began;
      measures.add(took);
      const right = status === 'succeeded' || (status === 'failed' && error !== null);
      t.ok(right, `${service.name}, killed at ${point}: ${status} ${JSON.stringify(error)}`);
      t.ok(took < limitMs, `${service.name}, killed at ${point}, ended after ${Math.round(took)} ms`);
    }),
  );
  await assertInvariants(t, stack);
}
