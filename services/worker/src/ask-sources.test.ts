import { type Provider, UserError, WorldError } from '@pierhead/model';
import { providers } from '@pierhead/providers';
import { gitMissing, startGitServer } from '@pierhead/testing';
import t from 'tap';
import { setUp } from './fixture.js';

const down = () => new WorldError('git_unreachable', 'The Git server cannot be reached.');

const place = (name: string) => ({ providerId: 'p', providerVersion: '1.0.0', providerConfig: { name } });

/** A provider whose places answer as `answers` says, by name and call; each call is noted. */
function places(answers: Record<string, Error[]>) {
  const asked: string[] = [];
  const ask = async (what: string, config: unknown) => {
    const { name } = config as { name: string };
    asked.push(`${what} ${name}`);
    const error = answers[name]?.shift();
    if (error) throw error;
  };
  const provider: Partial<Provider> = {
    resolveRevision: async (config) => {
      await ask('resolve', config);
      return { id: `of ${(config as { name: string }).name}` };
    },
    fetchSource: async (revision, config, path) => {
      await ask('fetch', config);
      asked.push(revision.id);
      return { kind: 'tree', path };
    },
  };
  const service = { providerConfig: { name: 'own' }, fallbackSources: [place('mirror'), place('copy')] };
  return { asked, fakes: { provider, service } };
}

t.test('the next source is asked at once when one is down, and it is said which was used', async (t) => {
  const { asked, fakes } = places({ own: [down()], mirror: [down()] });
  const { create, run, logOf } = await setUp(t, fakes);
  const id = await create();
  t.match(await run(id), { status: 'succeeded', attempt: 1, sourceUsed: { providerId: 'p', fallback: 1 } });
  t.same(asked, ['resolve own', 'resolve mirror', 'resolve copy', 'fetch copy', 'of copy']);
  t.ok((await logOf(id)).includes('The Git server cannot be reached. Trying fallback source 1 (p) instead.'));
});

t.test('what was resolved is fetched elsewhere when its place goes down', async (t) => {
  const { asked, fakes } = places({});
  const fetched = fakes.provider.fetchSource!;
  let left = 1;
  fakes.provider.fetchSource = async (...words) => {
    if (left-- > 0) throw down();
    return fetched(...words);
  };
  const { create, run } = await setUp(t, fakes);
  t.match(await run(await create()), { status: 'succeeded', sourceUsed: { fallback: 0 }, revision: { id: 'of own' } });
  t.same(asked, ['resolve own', 'fetch mirror', 'of own']);
});

t.test('a source that answers is believed, whatever it says', async (t) => {
  const { asked, fakes } = places({ own: [new UserError('git_ref_not_found', 'No such branch.')] });
  const { create, run } = await setUp(t, fakes);
  t.match(await run(await create()), { status: 'failed', error: { code: 'git_ref_not_found' }, sourceUsed: null });
  t.same(asked, ['resolve own']);
});

t.test('when all are down it is tried again later, with the first one\u2019s reason', async (t) => {
  const first = new WorldError('host_lookup_failed', 'The name cannot be looked up.');
  const { asked, fakes } = places({ own: [first], mirror: [down()], copy: [down()] });
  const { create, run, logOf, worker } = await setUp(t, fakes);
  const id = await create();
  t.match(await run(id), { status: 'queued', attempt: 2 });
  t.ok((await logOf(id)).some((line) => line.startsWith('The name cannot be looked up. Trying again in')));
  await worker.database.sql`update deployments set not_before = now()`;
  t.match(await run(id), { status: 'succeeded', sourceUsed: { fallback: null } });
  t.same(asked.slice(3), ['resolve own', 'fetch own', 'of own']);
});

t.test('a later attempt starts with the source that had the revision', async (t) => {
  const { asked, fakes } = places({ own: [down()], mirror: [] });
  let left = 1;
  const { create, run, worker } = await setUp(t, {
    ...fakes,
    builder: {
      build: async () => {
        if (left-- > 0) throw new WorldError('engine_gone', 'The engine is gone.');
        return { kind: 'image', digest: 'sha256:1', bytes: 1 };
      },
    },
  });
  const id = await create();
  t.match(await run(id), { status: 'queued', sourceUsed: { fallback: 0 } });
  await worker.database.sql`update deployments set not_before = now()`;
  t.match(await run(id), { status: 'succeeded' });
  t.same(asked, ['resolve own', 'resolve mirror', 'fetch mirror', 'of mirror', 'fetch mirror', 'of mirror']);
});

t.test('a fallback that this worker does not have is passed over', async (t) => {
  const { fakes } = places({ own: [down()] });
  const fallbackSources = [{ ...place('mirror'), providerVersion: '9.0.0' }, place('copy')];
  const { create, run, logOf, worker } = await setUp(t, { ...fakes, service: { ...fakes.service, fallbackSources } });
  const id = await create();
  t.match(await run(id), { status: 'succeeded', sourceUsed: { fallback: 1 } });
  t.ok(
    (await logOf(id)).some((line) => line.startsWith('Passing over fallback source 1 (p): This worker has no version')),
  );
  const [row] = await worker.database.sql`select found from registry_lookups where version = '9.0.0'`;
  t.match(row, { found: false });
});

t.test(
  'a Git server that stops between resolve and fetch is replaced by its mirror',
  { skip: gitMissing() },
  async (t) => {
    const [main, mirror] = [await startGitServer(), await startGitServer()];
    t.teardown(() => mirror.close());
    const files = { 'index.html': 'the same' };
    const commit = await main.commit('app', files);
    t.equal(await mirror.commit('copy', files), commit, 'both have the same commit');
    const git = providers.find((each) => each.id === 'git')!;
    const source = (url: string) => ({ providerId: 'git', providerVersion: git.version, providerConfig: { url } });
    const { create, run, worker } = await setUp(t, {
      providers: [git],
      service: { ...source(main.url('app')), fallbackSources: [source(mirror.url('copy'))] },
    });
    worker.host = { ...worker.host, egressAllow: ['127.0.0.0/8'] };
    const { resolved } = worker.runs;
    worker.runs.resolved = async (...words) => {
      await main.close();
      return resolved(...words);
    };
    t.match(await run(await create()), {
      status: 'succeeded',
      attempt: 1,
      revision: { id: commit },
      sourceUsed: { providerId: 'git', fallback: 0 },
    });
  },
);
