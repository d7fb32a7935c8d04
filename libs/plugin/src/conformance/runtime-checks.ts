import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext, Instance, RunSpec, Runtime, RuntimeManifest } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import type { Check, Scope } from './check.js';
import type { RuntimeFixture } from './fixtures.js';
import { type MethodsOf, manifestChecks } from './manifest-checks.js';
import { recordingContext } from './recording-context.js';
import { validConfig } from './valid-config.js';

/** What must hold for every runtime; with a fixture, what it does is tried too. */
export const runtimeChecks = <S extends Scope>(
  manifest: RuntimeManifest,
  fixture?: RuntimeFixture<S>,
  methodsOf?: MethodsOf,
): Check<S>[] => [...manifestChecks(manifest, register, methodsOf), ...(fixture ? behaviour(manifest, fixture) : [])];

function register(manifest: RuntimeManifest) {
  const { runtimes } = createRegistries({ providers: [], builders: [], runtimes: [manifest] });
  return {
    manifest,
    methods: ['start', 'probe', 'adopt', 'stop', 'logs', ...(manifest.commands ? ['run', 'runs', 'endRun'] : [])],
    schema: runtimes.getRuntimeSchema(manifest.id)!,
    validate: (config: unknown) => runtimes.validateRuntimeConfig(manifest.id, config),
    instance: () => runtimes.getRuntime(manifest.id),
    runtimes,
  };
}

const identity = {
  serviceId: '01900000-0000-7000-8000-000000000001',
  serviceName: 'contract',
  environment: 'production',
};

function behaviour<S extends Scope>(manifest: RuntimeManifest, fixture: RuntimeFixture<S>): Check<S>[] {
  const skip = fixture.skip ?? false;
  const setUp = async (scope: S, deploymentId: string) => {
    const { runtimes, validate } = register(manifest);
    const { artifact, config = {}, variables = {}, context: part } = await fixture.prepare(scope);
    const context = await recordingContext(scope, part);
    const runtime = (await runtimes.getRuntime(manifest.id))!;
    scope.teardown(() => runtime.dispose?.());
    const spec = { ...identity, deploymentId, variables, config: await validConfig(validate, config, 'config') };
    scope.teardown(() => runtime.stop(spec, context));
    return { runtime, artifact, spec, context };
  };

  return [
    {
      name: 'starts, becomes healthy, is found again and stops for good',
      skip,
      async run(scope) {
        const { runtime, artifact, spec, context } = await setUp(scope, '01900000-0000-7000-8000-000000000002');
        assert.ok(manifest.accepts.includes(artifact.kind), 'the fixture gives an artifact that it accepts');
        const instance = await runtime.start(artifact, spec, context);
        assert.ok(await becomesHealthy(runtime, instance, spec, context), 'it becomes healthy');
        assert.ok(instance.upstreams.length > 0, 'it can be reached');
        if (runtime.has) assert.equal(await runtime.has(artifact, context), true, 'the artifact is at hand');
        const found = await runtime.adopt(spec, context);
        // A runtime that starts nothing of its own, such as one that serves stored files, has nothing to find.
        if (instance.ids.length > 0) assert.deepEqual(found?.ids.toSorted(), instance.ids.toSorted());
        if (instance.ids.length > 0) assert.notEqual(await isListed(runtime, spec, context), false, 'it is listed');
        await assertUsage(runtime, spec, context);
        const elsewhere = { ...context, host: { ...context.host, installation: 'another' } };
        assert.ok(!(await isListed(runtime, spec, elsewhere)), 'another installation does not list it');
        await runtime.stop(spec, context);
        if (instance.ids.length > 0) assert.equal(await runtime.adopt(spec, context), null);
        assert.ok(!(await isListed(runtime, spec, context)), 'what was stopped is not listed');
        await runtime.stop(spec, context);
      },
    },
    {
      name: 'finds nothing that was never started, and has nothing to stop',
      skip,
      async run(scope) {
        const { runtime, spec, context } = await setUp(scope, '01900000-0000-7000-8000-000000000003');
        assert.equal(await runtime.adopt(spec, context), null);
        await runtime.stop(spec, context);
      },
    },
  ];
}

/** Null for a runtime that cannot tell. */
async function isListed(runtime: Runtime, { deploymentId }: RunSpec, context: CallContext): Promise<boolean | null> {
  const listed = await runtime.list?.(context);
  return listed ? listed.some((each) => each.deploymentId === deploymentId) : null;
}

/** Of what was asked for, and not going backwards; a runtime that cannot tell says nothing. */
async function assertUsage(runtime: Runtime, spec: RunSpec, context: CallContext) {
  const [first, ...others] = (await runtime.usage?.([spec], context)) ?? [];
  assert.equal(others.length, 0, 'it tells the usage of what it was asked for');
  if (!first) return;
  assert.equal(first.deploymentId, spec.deploymentId);
  const [second] = (await runtime.usage?.([spec], context)) ?? [];
  for (const part of first.parts) {
    const later = second?.parts.find(({ id, startedAt }) => id === part.id && startedAt === part.startedAt);
    if (later) assert.ok(later.cpuSeconds >= part.cpuSeconds, 'what is counted grows');
  }
  assert.deepEqual((await runtime.usage?.([], context)) ?? [], [], 'nothing was asked for');
}

async function becomesHealthy(runtime: Runtime, instance: Instance, spec: RunSpec, context: CallContext) {
  for (let tries = 0; tries < 200; tries++) {
    if ((await runtime.probe(instance, spec, context)).healthy) return true;
    await delay(50);
  }
  return false;
}
