import { callEngine, createContainer, inspectContainer, listContainers, startContainer } from '@pierhead/docker';
import t from 'tap';
import { busyboxAppFiles, dockerMissing, ensureBaseImages, removeTestImages, testEngine } from '../docker.js';
import { testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { createApp, freshName, removeService } from './scenarios.js';

t.setTimeout(120_000);

/** Routes are looked through twice a minute; this is sooner. */
const soonMs = 10_000;

t.test('an app that starts again elsewhere is reached there at once', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const engine = testEngine();
  const stack = await testStack(t, { workers: 1 });
  const name = freshName('moving');
  const service = await createApp(stack, name, busyboxAppFiles(name));
  t.teardown(() => removeService(stack, service.id));
  const deployed = await stack.api.deploy(service.id);
  t.match(deployed, { status: 'succeeded' });
  t.teardown(() => removeTestImages([deployed.artifact!.digest]));

  const [container] = await listContainers(engine, { 'pierhead.service': service.id });
  const { id, addresses } = container!;
  await callEngine(engine, { method: 'POST', path: `/containers/${id}/stop`, query: { t: 0 } });
  const squatter = await createContainer(engine, freshName('squatter'), { Image: 'busybox', Cmd: ['sleep', '600'] });
  t.teardown(() => callEngine(engine, { method: 'DELETE', path: `/containers/${squatter}`, query: { force: true } }));
  await startContainer(engine, squatter);
  await startContainer(engine, id);
  t.notSame((await inspectContainer(engine, id))?.addresses, addresses, 'it has another address');
  const answers = async () => {
    const page = await visit(stack.gatewayUrl, `${name}.localhost`).catch(() => null);
    return page?.status === 200 && page.text === name;
  };
  await until('it is reached', answers, soonMs);
});
