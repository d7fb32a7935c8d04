import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallContext, type ProviderManifest, UserError, type Want } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import t, { type Test } from 'tap';
import { fileList } from './file-list.js';
import { manifestContract } from './manifest-contract.js';
import { type RecordingContext, recordingContext } from './recording-context.js';

type Config = Record<string, unknown>;

export interface ProviderCase {
  config: Config;
  want?: Want;
  context?: Partial<CallContext>;
  /** Names a branch, upload or file that does not exist. */
  missing?: { config?: Config; want?: Want };
}

export interface ProviderFixture {
  /** What this machine lacks for it, in words. */
  skip?: string | false;
  prepare(t: Test): Promise<ProviderCase>;
}

/** Runs what must hold for every provider; with a fixture, what it does is tried too. */
export function providerContract(manifest: ProviderManifest, fixture?: ProviderFixture): void {
  manifestContract(manifest, register);
  if (fixture) behaviour(manifest, fixture);
}

function register(manifest: ProviderManifest) {
  const { providers } = createRegistries({ providers: [manifest], builders: [], runtimes: [] });
  return {
    manifest,
    methods: ['resolveRevision', 'fetchSource'],
    schema: providers.getProviderSchema(manifest.id)!,
    validate: (config: unknown) => providers.validateProviderConfig(manifest.id, config),
    instance: () => providers.getProvider(manifest.id),
    providers,
  };
}

function behaviour(manifest: ProviderManifest, fixture: ProviderFixture): void {
  const skip = fixture.skip ?? false;
  const setUp = async (t: Test) => {
    const { providers, validate } = register(manifest);
    const { config: given, want = {}, context: part, missing } = await fixture.prepare(t);
    const context = await recordingContext(t, part);
    const normalised = async (config: Config) => (await validate(config))!.config;
    const provider = (await providers.getProvider(manifest.id))!;
    return { provider, config: await normalised(given), want, context, missing, normalised };
  };

  t.test(`${manifest.id}: fetches a revision, and the same files whenever it does`, { skip }, async (t) => {
    const { provider, config, want, context } = await setUp(t);
    const revision = await provider.resolveRevision(config, want, context);
    t.ok(revision.id, 'a revision has an id');
    t.equal((await provider.resolveRevision(config, want, context)).id, revision.id);
    const fetched = [];
    for (const name of ['one', 'two']) {
      const folder = await emptyFolder(context, name);
      const source = await provider.fetchSource(revision, config, folder, context);
      t.equal(source.kind, manifest.produces);
      if (source.kind === 'image') continue;
      t.ok(`${await realpath(source.path)}/`.startsWith(`${await realpath(folder)}/`), 'it stays in its workspace');
      fetched.push(await fileList(source.path));
    }
    if (manifest.produces !== 'image') t.ok(fetched[0]!.length > 0, 'it fetched something');
    t.same(fetched[0], fetched[1]);
  });

  t.test(`${manifest.id}: stops when it is told to`, { skip }, async (t) => {
    const { provider, config, want, context } = await setUp(t);
    const revision = await provider.resolveRevision(config, want, context);
    const folder = await emptyFolder(context, 'stopped');
    const stopped = { ...context, signal: AbortSignal.abort() };
    await t.rejects(provider.fetchSource(revision, config, folder, stopped));
  });

  t.test(`${manifest.id}: what does not exist is the user's error`, { skip }, async (t) => {
    const { provider, config, want, context, missing, normalised } = await setUp(t);
    if (!missing) return t.pass('nothing can be missing');
    const wrong = missing.config ? await normalised(missing.config) : config;
    const attempt = async () => {
      const revision = await provider.resolveRevision(wrong, missing.want ?? want, context);
      return provider.fetchSource(revision, wrong, await emptyFolder(context, 'missing'), context);
    };
    await t.rejects(attempt, UserError);
  });
}

async function emptyFolder(context: RecordingContext, name: string): Promise<string> {
  const folder = join(context.workspace, name);
  await mkdir(folder);
  return folder;
}
