import { callEngine, inspectContainer, listContainers } from '@pierhead/docker';
import t from 'tap';
import { dockerMissing, ensureBaseImages, testEngine } from '../docker.js';
import { createDockerService, removeServices } from './docker-service.js';
import { type FaultStack, startFaultStack } from './fault-stack.js';
import { wait } from './patience.js';

t.setTimeout(0);

const skip = await dockerMissing();

t.test('a worker that runs a command is killed', { skip }, async (t) => {
  await ensureBaseImages();
  const stack = await startFaultStack(t, { queue: 'postgres', workers: 1 });
  t.teardown(async () => {
    await removeServices(stack);
    await wait('everything is cleared', async () => (await stack.sql`select 1 from services`).length === 0).catch(
      () => {},
    );
  });
  const service = await createDockerService(stack);
  t.teardown(() => service.visitors.leave());
  const { id, container } = await running(stack, service.id);
  const [first] = stack.workers;
  await first!.program.kill();
  await stack.startWorker();
  const ended = await wait('the command ends', async () => {
    const { body } = await stack.api.get(`/commands/${id}`);
    return body.status === 'running' ? null : body;
  });
  t.match(ended, { status: 'failed', exitCode: null, error: { code: 'command_interrupted' } });
  await wait('its container is gone', async () => (await inspectContainer(testEngine(), container)) === null);
  t.match(await stack.api.get(`/commands/${id}`), { body: { status: 'failed', startedAt: ended.startedAt } });
  const left = await listContainers(testEngine(), { 'pierhead.service': service.id });
  t.same(
    left.filter(({ labels }) => labels['pierhead.command']),
    [],
    'it was not started again',
  );
  t.equal(left.filter(({ labels }) => labels['pierhead.deployment']).length, 1, 'the app runs on');

  const again = await running(stack, service.id);
  await callEngine(testEngine(), { method: 'DELETE', path: `/containers/${again.container}`, query: { force: true } });
  const removed = await wait('the command without its container ends', async () => {
    const { body } = await stack.api.get(`/commands/${again.id}`);
    return body.status === 'running' ? null : body;
  });
  t.match(removed, { status: 'failed' });
});

async function running({ api }: FaultStack, serviceId: string): Promise<{ id: string; container: string }> {
  const accepted = await api.post(`/services/${serviceId}/commands`, { command: ['sleep', '600'] });
  if (accepted.status !== 202) throw new Error(JSON.stringify(accepted.body));
  const { id } = accepted.body as { id: string };
  const container = await wait('the command runs', async () => {
    const found = await listContainers(testEngine(), { 'pierhead.command': id });
    return found.find(({ state }) => state === 'running')?.id;
  });
  return { id, container };
}
