import { type BuilderManifest, type CallContext, type Source, UserError } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import t, { type Test } from 'tap';
import { manifestContract } from './manifest-contract.js';
import { recordingContext } from './recording-context.js';

interface Input {
  source: Source;
  config?: Record<string, unknown>;
}

export interface BuilderCase extends Input {
  context?: Partial<CallContext>;
  /** Cannot be built, through its author's fault. */
  broken?: Input;
}

export interface BuilderFixture {
  /** What this machine lacks for it, in words. */
  skip?: string | false;
  prepare(t: Test): Promise<BuilderCase>;
}

/** Runs what must hold for every builder; with a fixture, what it does is tried too. */
export function builderContract(manifest: BuilderManifest, fixture?: BuilderFixture): void {
  manifestContract(manifest, register);
  if (fixture) behaviour(manifest, fixture);
}

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

function behaviour(manifest: BuilderManifest, fixture: BuilderFixture): void {
  const skip = fixture.skip ?? false;
  const setUp = async (t: Test) => {
    const { builders, validate } = register(manifest);
    const prepared = await fixture.prepare(t);
    const context = await recordingContext(t, prepared.context);
    const builder = (await builders.getBuilder(manifest.id))!;
    const build = async ({ source, config = {} }: Input, change: Partial<CallContext> = {}) =>
      builder.build(source, (await validate(config))!.config, { ...context, ...change });
    return { ...prepared, build };
  };

  t.test(`${manifest.id}: makes an artifact of the kind it declares`, { skip }, async (t) => {
    const prepared = await setUp(t);
    t.ok(manifest.accepts.includes(prepared.source.kind), 'the fixture gives a source that it accepts');
    const artifact = await prepared.build(prepared);
    t.equal(artifact.kind, manifest.produces);
    t.match(artifact.digest, /^sha256:[0-9a-f]{64}$/);
    t.ok(artifact.bytes >= 0);
  });

  t.test(`${manifest.id}: stops when it is told to`, { skip }, async (t) => {
    const prepared = await setUp(t);
    await t.rejects(prepared.build(prepared, { signal: AbortSignal.abort() }));
  });

  t.test(`${manifest.id}: source that cannot be built is the user's error`, { skip }, async (t) => {
    const prepared = await setUp(t);
    if (!prepared.broken) return t.pass('nothing can be broken');
    await t.rejects(prepared.build(prepared.broken), UserError);
  });
}
