import { randomUUID } from 'node:crypto';
import { buildImage, callEngine, listContainers } from '@pierhead/docker';
import type { Artifact, CallContext } from '@pierhead/model';
import { createRegistries } from '@pierhead/registry';
import { dockerMissing, ensureBaseImages, recordingContext, removeTestImages, testEngine } from '@pierhead/testing';
import tap, { type Test } from 'tap';
import type { DockerConfig } from './docker-config.js';
import { createDockerRuntime } from './docker-runtime.js';
import { manifest } from './index.js';

/** Why these tests cannot run here, or false. */
export const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
export const engine = testEngine();

const made: string[] = [];
tap.teardown(() => removeTestImages(made));

/** An image of its own, whatever its files are. */
export const image = (t: Test, files: Record<string, string>, labels: Record<string, string> = {}) =>
  build(t.testdir({ ...files, Dockerfile: `${files.Dockerfile}\nLABEL s=${randomUUID()}\n` }), { labels });

/** What a folder builds; removed when the tests are over. */
export async function build(source: string, more: { labels?: Record<string, string>; platform?: string }) {
  const options = { source, context: '.', dockerfile: 'Dockerfile', onOutput: () => {}, ...more };
  const built = await buildImage(engine, { ...options, signal: AbortSignal.timeout(60_000) });
  made.push(built.digest);
  return { kind: 'image', ...built } satisfies Artifact;
}

const { runtimes } = createRegistries({ providers: [], builders: [], runtimes: [manifest] });

export const validate = async (config: unknown) => (await runtimes.validateRuntimeConfig('docker', config))!;

export interface ServiceOptions {
  config?: Record<string, unknown>;
  variables?: Record<string, string>;
  /** Instead of what the context of a test has. */
  host?: Partial<CallContext['host']>;
  signal?: AbortSignal;
  log?: CallContext['log'];
}

/** A service with one deployment; whatever runs of it goes with the test. */
export async function service(t: Test, { config = {}, variables = {}, host = {}, ...call }: ServiceOptions = {}) {
  const plain = await recordingContext(t);
  const context: typeof plain = { ...plain, ...call, host: { ...plain.host, ...host } };
  const valid = await validate(config);
  t.same(valid.errors, []);
  const identity = {
    serviceId: randomUUID(),
    serviceName: 'web',
    environment: 'production',
    deploymentId: randomUUID(),
  };
  const spec = { ...identity, variables, config: valid.config as DockerConfig };
  const runtime = createDockerRuntime();
  const containers = () => listContainers(engine, { 'pierhead.service': spec.serviceId });
  t.teardown(async () => {
    const remove = { method: 'DELETE', query: { force: true } } as const;
    for (const { id } of await containers()) await callEngine(engine, { ...remove, path: `/containers/${id}` });
    await runtime.stop(spec, { ...context, signal: AbortSignal.timeout(30_000) });
  });
  return { runtime, spec, context, containers };
}
