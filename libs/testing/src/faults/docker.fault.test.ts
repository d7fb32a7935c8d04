import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { dockerMissing, ensureBaseImages, testDockerHost } from '../docker.js';
import { createDockerService, type DockerService, removeServices } from './docker-service.js';
import { type EngineProxy, type HeldCall, startEngineProxy } from './engine-proxy.js';
import { type FaultStack, startFaultStack, type WorkerProgram } from './fault-stack.js';
import { assertVisitorsContent, ended } from './gated-service.js';
import { assertInvariants } from './invariants.js';
import { Measures, repeats } from './measures.js';
import { wait } from './patience.js';

t.setTimeout(0);

const limitMs = 30_000;
const skip = await dockerMissing();

t.test('workers that deploy containers are killed and frozen', { skip }, async (t) => {
  await ensureBaseImages();
  const folder = await mkdtemp(join(tmpdir(), 'pierhead-proxy-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const proxy = await startEngineProxy(t, testDockerHost.slice('unix://'.length), join(folder, 'engine.sock'));
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 2, slots: 3, dockerHost: proxy.dockerHost });
  t.teardown(() => cleared(stack));
  const services = await Promise.all(Array.from({ length: 5 }, () => createDockerService(stack)));
  const measures = new Measures('from the kill to the end, containers');

  for (let round = 1; round <= repeats; round += 1)
    await t.test(`round ${round}: killed while it builds, creates, verifies and stops`, async (t) => {
      const [building, creating, losing, verifying, stopping] = services as Five;
      const create = proxy.hold(new RegExp(`POST .*/containers/create\\?.*${creating.name}-`));
      const lost = proxy.hold(new RegExp(`POST .*/containers/create\\?.*${losing.name}-`));
      const stop = proxy.hold(new RegExp(`POST .*/containers/${await containerOf(stack, stopping)}/stop`));
      const under = await Promise.all([
        building.deploy(`${building.name} ${round}`, { build: 5 }),
        creating.deploy(`${creating.name} ${round}`),
        losing.deploy(`${losing.name} ${round}`),
        verifying.deploy(`${verifying.name} ${round}`, { verify: 8 }),
        stopping.deploy(`${stopping.name} ${round}`),
      ]);
      await Promise.all([
        comes('a container is to be created', create),
        comes('another is to be created', lost),
        comes('the old one is to be stopped', stop),
        inStage(stack, under[0]!, 'build'),
        inStage(stack, under[3]!, 'verify'),
      ]);
      const victims = await ownersOf(stack, under);
      await Promise.all(victims.map(() => stack.startWorker()));
      const began = performance.now();
      await Promise.all(victims.map(({ program }) => program.kill()));
      create.deliver();
      lost.drop();
      stop.drop();
      await allSucceed(t, stack, under, measures, began);
      await assertInvariants(t, stack, { limitMs: 45_000 });
    });

  for (let round = 1; round <= Math.ceil(repeats / services.length); round += 1)
    await t.test(`round ${round}: frozen right before it creates the container`, (t) =>
      freezeAt(t, stack, proxy, services, 'create', `create ${round}`, measures),
    );
  measures.tell(t);
  await assertVisitorsContent(t, services);
});

type Five = [DockerService, DockerService, DockerService, DockerService, DockerService];

/** The frozen worker's call reaches the engine only once the release of its successor is live. */
async function freezeAt(
  t: Test,
  stack: FaultStack,
  proxy: EngineProxy,
  services: DockerService[],
  call: 'create',
  version: string,
  measures: Measures,
): Promise<void> {
  const held = services.map(({ name }) => proxy.hold(new RegExp(`POST .*/containers/${call}\\?.*${name}-`)));
  const under = await Promise.all(services.map((service) => service.deploy(`${service.name} ${version}`)));
  await Promise.all(held.map((each) => comes('the call stands at the engine', each)));
  const frozen = await ownersOf(stack, under);
  await Promise.all(frozen.map(() => stack.startWorker()));
  const began = performance.now();
  for (const { program } of frozen) program.freeze();
  const late = held.map((each) => each.letLaterPass());
  await allSucceed(t, stack, under, measures, began);
  for (const deliver of late) deliver();
  for (const { program } of frozen) program.thaw();
  await Promise.all(frozen.map((worker) => idle(stack, worker)));
  // Those that were started in their place stay: a database has connections for so many workers.
  await Promise.all(frozen.map(({ program }) => program.stop()));
  await assertInvariants(t, stack, { limitMs: 45_000 });
}

async function allSucceed(t: Test, stack: FaultStack, ids: string[], measures: Measures, since: number): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      const { status, error } = await ended(stack, id);
      const took = performance.now() - since;
      measures.add(took);
      t.equal(status, 'succeeded', `${id}: ${status} ${JSON.stringify(error)}`);
      t.ok(took < limitMs, `${id} ended after ${Math.round(took)} ms`);
    }),
  );
}

const comes = (what: string, call: HeldCall) => wait(what, async () => call.came);

async function inStage({ sql }: FaultStack, id: string, stage: string): Promise<void> {
  await wait(`${id} is in ${stage}`, async () => {
    const rows = await sql`select 1 from stages where deployment_id = ${id} and name = ${stage} and status = 'running'`;
    return rows.length > 0;
  });
}

async function ownersOf(stack: FaultStack, ids: string[]): Promise<WorkerProgram[]> {
  const owners = await Promise.all(ids.map((id) => stack.ownerOf(id)));
  return [...new Set(owners.filter((owner): owner is WorkerProgram => owner !== null))];
}

async function containerOf({ sql }: FaultStack, { id }: DockerService): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    select d.instance->'ids'->>0 as id from releases r join deployments d on d.id = r.deployment_id where r.service_id = ${id}`;
  return row!.id;
}

async function idle({ sql }: FaultStack, { id }: WorkerProgram): Promise<void> {
  await wait(`${id} has nothing to do after its thaw`, async () => {
    const rows =
      await sql`select 1 from workers where id = ${id} and running = 0 and last_heartbeat_at > now() - interval '3 seconds'`;
    return rows.length > 0;
  });
}

/** The machine's engine keeps nothing of the test. */
async function cleared(stack: FaultStack): Promise<void> {
  await removeServices(stack);
  await wait('everything is cleared', async () => (await stack.sql`select 1 from services`).length === 0).catch(
    () => {},
  );
}
