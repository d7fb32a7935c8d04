import type { RunSpec } from '@pierhead/model';
import { order } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { setUp } from './fixture.js';

/** Two releases of a service, whose variable V is 1 and 2. */
async function twoReleases(t: Test) {
  const specs: RunSpec[] = [];
  const built = { here: true };
  const world = await setUp(t, {
    service: { variables: { V: '1' } },
    runtime: {
      start: async (_artifact, spec) => {
        specs.push(spec);
        return { ids: ['c'], upstreams: [] };
      },
      has: async () => built.here,
    },
  });
  const { worker, calls, create, run } = world;
  const first = await create();
  const { serviceId } = await run(first);
  await worker.database.sql`update services set variables = '{"V":"2"}'`;
  const second = await create();
  await run(second);
  calls.length = 0;
  const { input: _, ...asked } = order(serviceId);
  const ask = async () => {
    const row = await worker.deployments.rollback({ ...asked, deploymentId: null });
    if (row === null || typeof row === 'string') throw new Error(String(row));
    return row.id;
  };
  return { ...world, specs, built, first, second, ask };
}

t.test('a rollback starts what was built, with the variables of then, and asks no provider or builder', async (t) => {
  const { worker, calls, specs, first, second, ask, run } = await twoReleases(t);
  await worker.database.sql`insert into disabled_entries (kind, entry_id) values ('provider', 'p'), ('builder', 'b')`;
  const id = await ask();
  const row = await run(id);
  t.match(row, { status: 'succeeded', live: true, artifactReused: true, origin: { build: { deploymentId: first } } });
  t.same(
    row.stages.map(({ name }) => name),
    ['release', 'verify', 'switch', 'cleanup'],
  );
  t.same(calls, [`stop ${second}`]);
  t.same(
    specs.map(({ variables }) => variables.V),
    ['1', '2', '1'],
  );
});

t.test('a rollback whose artifact is not there says so, and what is live stays', async (t) => {
  const { worker, built, second, ask, run } = await twoReleases(t);
  built.here = false;
  t.match(await run(await ask()), { status: 'failed', error: { code: 'artifact_lost', hint: String } });
  t.match(await worker.deployments.find(second), { live: true });
});
