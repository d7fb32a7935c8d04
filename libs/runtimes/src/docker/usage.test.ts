import { randomUUID } from 'node:crypto';
import { createContainer, identityLabels, ownLabels, removeContainer, startContainer } from '@pierhead/docker';
import type { Identity, PartUsage } from '@pierhead/model';
import { dockerMissing, ensureBaseImages, recordingContext, testEngine, until } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { createDockerRuntime } from './docker-runtime.js';

t.setTimeout(120_000);
const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
const engine = testEngine();
const mebibyte = 1_048_576;

/** A container that a release of this installation would have. */
async function running(t: Test, command: string, hostConfig: Record<string, unknown> = {}) {
  const context = await recordingContext(t);
  const identity: Identity = {
    serviceId: randomUUID(),
    serviceName: 'web',
    environment: 'production',
    deploymentId: randomUUID(),
  };
  const id = await createContainer(engine, `pierhead-usage-${randomUUID()}`, {
    Image: 'busybox',
    Cmd: ['sh', '-c', command],
    Labels: { ...ownLabels(context.host.installation), ...identityLabels(identity) },
    HostConfig: hostConfig,
  });
  t.teardown(() => removeContainer(engine, id, 0));
  await startContainer(engine, id);
  const runtime = createDockerRuntime();
  const look = async (): Promise<PartUsage | undefined> => {
    const [found] = await runtime.usage([identity], context);
    t.ok(found === undefined || found.deploymentId === identity.deploymentId);
    return found?.parts[0];
  };
  return { runtime, context, identity, id, look };
}

t.test('an app that computes and holds memory is measured so', { skip }, async (t) => {
  // A string of 32 MiB in the shell, and files that the system only keeps in memory.
  const command = `dd if=/dev/zero of=/tmp/files bs=1M count=40; x=$(head -c ${32 * mebibyte} /dev/zero | tr '\\0' x); while :; do :; done`;
  const { id, look } = await running(t, command, { Memory: 200 * mebibyte, NanoCpus: 500_000_000 });
  await until('it holds its memory', async () => ((await look())?.memoryBytes ?? 0) > 32 * mebibyte);
  const first = (await look())!;
  let second = first;
  await until('it has computed for a while', async () => {
    second = (await look())!;
    return Date.parse(second.at) - Date.parse(first.at) > 3_000;
  });
  const cores = (second.cpuSeconds - first.cpuSeconds) / ((Date.parse(second.at) - Date.parse(first.at)) / 1_000);
  t.ok(cores > 0.2 && cores < 0.65, `${cores} of the 0.5 cores that it may use`);
  t.ok(second.memoryBytes > 32 * mebibyte, 'what it holds counts');
  t.match(second, { id, memoryLimitBytes: 200 * mebibyte, restarts: 0, pids: 1, startedAt: first.startedAt });
});

t.test(
  'what has no limit says so, what was started again too, and what has ended takes nothing',
  { skip },
  async (t) => {
    const { id, look, runtime, identity, context } = await running(t, 'sleep 2; exit 1', {
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 },
    });
    const first = await look();
    t.match(first, { memoryLimitBytes: null, restarts: 0 });
    let again = first;
    await until('it was started again', async () => {
      again = await look();
      return again?.restarts === 1;
    });
    t.ok(Date.parse(again!.startedAt) > Date.parse(first!.startedAt));
    await until('it has ended', async () => (await look()) === undefined);
    const other = { ...identity, deploymentId: randomUUID() };
    t.same(await runtime.usage([other], context), []);
    await removeContainer(engine, id, 0);
    t.same(await runtime.usage([identity], context), []);
  },
);
