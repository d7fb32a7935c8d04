import assert from 'node:assert/strict';
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProviderManifest } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import type { Check, Scope } from './check.js';
import { fileList } from './file-list.js';
import type { ProviderFixture } from './fixtures.js';
import { isUserError } from './is-user-error.js';
import { type MethodsOf, manifestChecks } from './manifest-checks.js';
import { type RecordingContext, recordingContext } from './recording-context.js';
import { validConfig } from './valid-config.js';

/** What must hold for every provider; with a fixture, what it does is tried too. */
export const providerChecks = <S extends Scope>(
  manifest: ProviderManifest,
  fixture?: ProviderFixture<S>,
  methodsOf?: MethodsOf,
): Check<S>[] => [...manifestChecks(manifest, register, methodsOf), ...(fixture ? behaviour(manifest, fixture) : [])];

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

function behaviour<S extends Scope>(manifest: ProviderManifest, fixture: ProviderFixture<S>): Check<S>[] {
  const skip = fixture.skip ?? false;
  const setUp = async (scope: S) => {
    const { providers, validate } = register(manifest);
    const { config: given, want = {}, context: part, missing } = await fixture.prepare(scope);
    const context = await recordingContext(scope, part);
    const wrong = missing?.config && (await validConfig(validate, missing.config, 'missing.config'));
    const provider = (await providers.getProvider(manifest.id))!;
    scope.teardown(() => provider.dispose?.());
    return {
      provider,
      config: await validConfig(validate, given, 'config'),
      want,
      context,
      missing: missing && { config: wrong, want: missing.want },
    };
  };

  return [
    {
      name: 'fetches a revision, and the same files whenever it does',
      skip,
      async run(scope) {
        const { provider, config, want, context } = await setUp(scope);
        const revision = await provider.resolveRevision(config, want, context);
        assert.ok(revision.id, 'a revision has an id');
        assert.equal((await provider.resolveRevision(config, want, context)).id, revision.id);
        const fetched = [];
        for (const name of ['one', 'two']) {
          const folder = await emptyFolder(context, name);
          const source = await provider.fetchSource(revision, config, folder, context);
          assert.equal(source.kind, manifest.produces);
          if (source.kind === 'image') continue;
          const isInside = `${await realpath(source.path)}/`.startsWith(`${await realpath(folder)}/`);
          assert.ok(isInside, 'it stays in its workspace');
          fetched.push(await fileList(source.path));
        }
        if (manifest.produces !== 'image') assert.ok(fetched[0]!.length > 0, 'it fetched something');
        assert.deepEqual(fetched[0], fetched[1]);
      },
    },
    {
      name: 'stops when it is told to',
      skip,
      async run(scope) {
        const { provider, config, want, context } = await setUp(scope);
        const revision = await provider.resolveRevision(config, want, context);
        const folder = await emptyFolder(context, 'stopped');
        const stopped = { ...context, signal: AbortSignal.abort() };
        await assert.rejects(provider.fetchSource(revision, config, folder, stopped), 'fetchSource goes on');
      },
    },
    {
      name: 'what does not exist is the error of the user',
      skip,
      async run(scope) {
        const { provider, config, want, context, missing } = await setUp(scope);
        if (!missing) return { notTried: 'its fixture names nothing that is missing' };
        const wrong = missing.config ?? config;
        const attempt = async () => {
          const revision = await provider.resolveRevision(wrong, missing.want ?? want, context);
          return provider.fetchSource(revision, wrong, await emptyFolder(context, 'missing'), context);
        };
        await assert.rejects(attempt, isUserError);
        return undefined;
      },
    },
  ];
}

async function emptyFolder(context: RecordingContext, name: string): Promise<string> {
  const folder = join(context.workspace, name);
  await mkdir(folder);
  return folder;
}
