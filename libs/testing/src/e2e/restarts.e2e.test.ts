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

  const containers = await listContainers(engine, { 'pierhead.service': service.id });
  const { id, networkMode } = containers.find(({ labels }) => 'pierhead.deployment' in labels)!;
  const sandbox = containers.find((each) => networkMode === `container:${each.id}`)!;
  const [[network, address] = ['', '']] = Object.entries(sandbox.addresses);
  // As after a restart of the engine that tries the app first, and gives its address to another.
  for (const each of [id, sandbox.id])
    await callEngine(engine, { method: 'POST', path: `/containers/${each}/stop`, query: { t: 0 } });
  const settings = {
    Image: 'busybox',
    Cmd: ['sleep', '600'],
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
  };
  const squatter = await createContainer(engine, freshName('squatter'), settings);
  t.teardown(() => callEngine(engine, { method: 'DELETE', path: `/containers/${squatter}`, query: { force: true } }));
  await startContainer(engine, squatter);
  await t.rejects(startContainer(engine, id));
  await startContainer(engine, sandbox.id);
  t.notSame((await inspectContainer(engine, sandbox.id))?.addresses, sandbox.addresses, 'it has another address');
  const answers = async () => {
    const page = await visit(stack.gatewayUrl, `${name}.localhost`).catch(() => null);
    return page?.status === 200 && page.text === name;
  };
  await until('it is reached', answers, soonMs);
});
