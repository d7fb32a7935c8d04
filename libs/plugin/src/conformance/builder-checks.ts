import assert from 'node:assert/strict';
import type { BuilderManifest, CallContext } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import type { Check, Scope } from './check.js';
import type { BuilderFixture, Input } from './fixtures.js';
import { isUserError } from './is-user-error.js';
import { type MethodsOf, manifestChecks } from './manifest-checks.js';
import { recordingContext } from './recording-context.js';
import { validConfig } from './valid-config.js';

/** What must hold for every builder; with a fixture, what it does is tried too. */
export const builderChecks = <S extends Scope>(
  manifest: BuilderManifest,
  fixture?: BuilderFixture<S>,
  methodsOf?: MethodsOf,
): Check<S>[] => [...manifestChecks(manifest, register, methodsOf), ...(fixture ? behaviour(manifest, fixture) : [])];

function register(manifest: BuilderManifest) {
  const { builders } = createRegistries({ providers: [], builders: [manifest], runtimes: [] });
  return {
    manifest,
    methods: ['build'],
    schema: builders.getBuilderSchema(manifest.id)!,
    validate: (config: unknown) => builders.validateBuilderConfig(manifest.id, config),
    instance: () => builders.getBuilder(manifest.id),
    builders,
  };
}

function behaviour<S extends Scope>(manifest: BuilderManifest, fixture: BuilderFixture<S>): Check<S>[] {
  const skip = fixture.skip ?? false;
  const setUp = async (scope: S) => {
    const { builders, validate } = register(manifest);
    const prepared = await fixture.prepare(scope);
    const context = await recordingContext(scope, prepared.context);
    const builder = (await builders.getBuilder(manifest.id))!;
    scope.teardown(() => builder.dispose?.());
    const config = await validConfig(validate, prepared.config ?? {}, 'config');
    const broken = prepared.broken && {
      source: prepared.broken.source,
      config: await validConfig(validate, prepared.broken.config ?? {}, 'broken.config'),
    };
    const build = async ({ source, config }: Required<Input>, change: Partial<CallContext> = {}) =>
      builder.build(source, config, { ...context, ...change });
    return { source: prepared.source, config, broken, build, builder, context };
  };

  return [
    {
      name: 'makes an artifact of the kind it declares',
      skip,
      async run(scope) {
        const prepared = await setUp(scope);
        assert.ok(manifest.accepts.includes(prepared.source.kind), 'the fixture gives a source that it accepts');
        const artifact = await prepared.build(prepared);
        assert.equal(artifact.kind, manifest.produces);
        assert.match(artifact.digest, /^sha256:[0-9a-f]{64}$/);
        assert.ok(artifact.bytes >= 0, 'it has a size');
        const listed = await prepared.builder.list?.([], prepared.context);
        if (listed)
          assert.ok(
            listed.some(({ digest }) => digest === artifact.digest),
            'it is listed',
          );
      },
    },
    {
      name: 'stops when it is told to',
      skip,
      async run(scope) {
        const prepared = await setUp(scope);
        await assert.rejects(prepared.build(prepared, { signal: AbortSignal.abort() }), 'build goes on');
      },
    },
    {
      name: 'source that cannot be built is the error of the user',
      skip,
      async run(scope) {
        const prepared = await setUp(scope);
        if (!prepared.broken) return { notTried: 'its fixture has no broken source' };
        await assert.rejects(prepared.build(prepared.broken), isUserError);
        return undefined;
      },
    },
  ];
}
