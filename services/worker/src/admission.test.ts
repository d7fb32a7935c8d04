import { UserError } from '@pierhead/model';
import t from 'tap';
import { createAdmission } from './admission.js';
import { setUp } from './fixture.js';

const mebibyte = 1_048_576;

/** An admission over numbers that a test sets. */
function sample(floors = { minFreeMemory: 256 * mebibyte, minFreeDisk: 1_024 * mebibyte }) {
  const free = { memory: 900 * mebibyte, '/data': 9_000 * mebibyte, '/engine': 9_000 * mebibyte };
  const told: (string | null)[] = [];
  const space = {
    memory: async () => free.memory,
    disk: async (folder: string) => free[folder as '/data' | '/engine'],
  };
  const tell = async (refusal: string | null) => void told.push(refusal);
  return { free, told, admission: createAdmission({ floors, space, folders: () => ['/data', '/engine'], tell }) };
}

t.test('nothing is refused, and nothing told, while there is room', async (t) => {
  const { admission, told } = sample();
  t.equal(await admission.refusal(), null);
  t.same(told, []);
});

t.test('what is short is told once, with what is there and what it takes, and once more when it is over', async (t) => {
  const { admission, free, told } = sample();
  free.memory = 200 * mebibyte;
  const text = 'Only 200 MiB of memory are free; a build needs 256 MiB (PIERHEAD_MIN_FREE_MEMORY).';
  t.equal(await admission.refusal(), text);
  free.memory = 199 * mebibyte;
  t.match(await admission.refusal(), /^Only 199 MiB/);
  t.same(told, [text], 'the number alone is no news');
  free.memory = 256 * mebibyte;
  t.equal(await admission.refusal(), null);
  t.same(told, [text, null]);
});

t.test('each disk that a build fills counts', async (t) => {
  const { admission, free } = sample();
  free['/engine'] = 10 * mebibyte;
  t.equal(
    await admission.refusal(),
    'Only 10 MiB are free on the disk of /engine; a build needs 1024 MiB (PIERHEAD_MIN_FREE_DISK).',
  );
});

t.test('a floor of 0 is none', async (t) => {
  const { admission, free } = sample({ minFreeMemory: 0, minFreeDisk: 0 });
  Object.assign(free, { memory: 0, '/data': 0 });
  t.equal(await admission.refusal(), null);
});

t.test('once closed, nothing is admitted', async (t) => {
  const { admission, told } = sample();
  await admission.close('It is stopping.');
  t.equal(await admission.refusal(), 'It is stopping.');
  t.same(told, ['It is stopping.']);
});

t.test('what could not be told is told with the next question', async (t) => {
  const told: (string | null)[] = [];
  let away = true;
  const admission = createAdmission({
    floors: { minFreeMemory: 1, minFreeDisk: 0 },
    space: { memory: async () => 0, disk: async () => 0 },
    folders: () => [],
    tell: async (refusal) => {
      if (away) throw new Error('the database is away');
      told.push(refusal);
    },
  });
  await t.rejects(admission.refusal(), { message: /away/ });
  away = false;
  t.match(await admission.refusal(), /memory/);
  t.equal(told.length, 1);
});

t.test(
  'a worker without room claims nothing; the deployment waits with the reason, and goes on when there is room',
  async (t) => {
    const { worker, calls, create, run } = await setUp(t);
    const { admission, free } = sampleOf(worker);
    worker.admission = admission;
    const id = await create();
    await worker.dispatches.take();
    free.memory = 1;
    t.match(await run(id), {
      status: 'queued',
      attempt: 1,
      queue: {
        reason: 'Worker worker: Only 0 MiB of memory are free; a build needs 1 MiB (PIERHEAD_MIN_FREE_MEMORY).',
      },
    });
    t.same(await worker.dispatches.take(), [], 'nobody is handed it');
    free.memory = mebibyte;
    t.equal(await admission.refusal(), null);
    t.match(await worker.dispatches.take(), [{ id }]);
    t.match(await run(id), { status: 'succeeded' });
    t.same(calls, ['resolve', 'fetch', 'build', 'start']);
  },
);

t.test('a build does not begin where room has run out since; that is no failure', async (t) => {
  const { worker, calls, create, run, logOf } = await setUp(t, {
    provider: {
      fetchSource: async (_revision, _config, path) => {
        free.memory = 1;
        return { kind: 'tree', path };
      },
    },
    builder: { build: () => Promise.reject(new UserError('build_failed', 'Not in this test.')) },
  });
  const { admission, free } = sampleOf(worker);
  worker.admission = admission;
  const id = await create();
  const waiting = await run(id);
  t.match(waiting, { status: 'queued', error: null, queue: { reason: /Only 0 MiB of memory/ } });
  t.notOk(waiting.stages.some(({ name }) => name === 'build'));
  t.same(calls, ['resolve']);
  t.match((await logOf(id)).join('\n'), /The build waits, here or on another worker\. Only 0 MiB/);
  const [row] = await worker.database.sql`select retries from deployments where id = ${id}`;
  t.equal(row?.retries, 0);
});

function sampleOf(worker: Awaited<ReturnType<typeof setUp>>['worker']) {
  const free = { memory: 9 * mebibyte };
  const space = { memory: async () => free.memory, disk: async () => Number.POSITIVE_INFINITY };
  const floors = { minFreeMemory: mebibyte, minFreeDisk: 1 };
  const tell = async (refusal: string | null) =>
    void (await worker.database.sql`update workers set refusal = ${refusal} where id = ${worker.id}`);
  return { free, admission: createAdmission({ floors, space, folders: () => ['/'], tell }) };
}
