import { setTimeout as delay } from 'node:timers/promises';
import type { Artifact, CallContext, Instance, RunSpec, Runtime, RuntimeManifest } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import t, { type Test } from 'tap';
import { manifestContract } from './manifest-contract.js';
import { recordingContext } from './recording-context.js';

export interface RuntimeCase {
  /** Becomes healthy when it is started. */
  artifact: Artifact;
  config?: Record<string, unknown>;
  variables?: Record<string, string>;
  context?: Partial<CallContext>;
}

export interface RuntimeFixture {
  /** What this machine lacks for it, in words. */
  skip?: string | false;
  prepare(t: Test): Promise<RuntimeCase>;
}

/** Runs what must hold for every runtime; with a fixture, what it does is tried too. */
export function runtimeContract(manifest: RuntimeManifest, fixture?: RuntimeFixture): void {
  manifestContract(manifest, register);
  if (fixture) behaviour(manifest, fixture);
}

function register(manifest: RuntimeManifest) {
  const { runtimes } = createRegistries({ providers: [], builders: [], runtimes: [manifest] });
  return {
    manifest,
    methods: ['start', 'probe', 'adopt', 'stop', 'logs'],
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

function behaviour(manifest: RuntimeManifest, fixture: RuntimeFixture): void {
  const skip = fixture.skip ?? false;
  const setUp = async (t: Test, deploymentId: string) => {
    const { runtimes, validate } = register(manifest);
    const { artifact, config = {}, variables = {}, context: part } = await fixture.prepare(t);
    const context = await recordingContext(t, part);
    const runtime = (await runtimes.getRuntime(manifest.id))!;
    const spec = { ...identity, deploymentId, variables, config: (await validate(config))!.config };
    t.teardown(() => runtime.stop(spec, context));
    return { runtime, artifact, spec, context };
  };

  t.test(`${manifest.id}: starts, becomes healthy, is found again and stops for good`, { skip }, async (t) => {
    const { runtime, artifact, spec, context } = await setUp(t, '01900000-0000-7000-8000-000000000002');
    t.ok(manifest.accepts.includes(artifact.kind), 'the fixture gives an artifact that it accepts');
    const instance = await runtime.start(artifact, spec, context);
    t.ok(await becomesHealthy(runtime, instance, spec, context), 'it becomes healthy');
    t.ok(instance.upstreams.length > 0, 'it can be reached');
    const found = await runtime.adopt(spec, context);
    // A runtime that starts nothing of its own, such as one that serves stored files, has nothing to find.
    if (instance.ids.length > 0) t.same(found?.ids.toSorted(), instance.ids.toSorted());
    await runtime.stop(spec, context);
    if (instance.ids.length > 0) t.equal(await runtime.adopt(spec, context), null);
    await runtime.stop(spec, context);
  });

  t.test(`${manifest.id}: finds nothing that was never started, and has nothing to stop`, { skip }, async (t) => {
    const { runtime, spec, context } = await setUp(t, '01900000-0000-7000-8000-000000000003');
    t.equal(await runtime.adopt(spec, context), null);
    await runtime.stop(spec, context);
  });
}

async function becomesHealthy(runtime: Runtime, instance: Instance, spec: RunSpec, context: CallContext) {
  for (let tries = 0; tries < 200; tries++) {
    if ((await runtime.probe(instance, spec, context)).healthy) return true;
    await delay(50);
  }
  return false;
}
