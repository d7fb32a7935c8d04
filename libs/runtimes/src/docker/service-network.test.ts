import { randomUUID } from 'node:crypto';
import {
  callEngine,
  createContainer,
  createNetwork,
  inspectNetwork,
  listContainers,
  managedLabel,
  ownLabels,
  removeContainer,
  removeNetwork,
  runInside,
  startContainer,
} from '@pierhead/docker';
import type { Instance } from '@pierhead/model';
import { busyboxAppFiles, until } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { engine, image, service as serviceOf, skip } from './fixture.js';
import { networkName } from './service-network.js';

t.setTimeout(240_000);

const app = (t: Test) => image(t, busyboxAppFiles());

/** A service of an installation of its own, unless it is told another one's. */
async function service(t: Test, config: Record<string, unknown> = {}, host: Record<string, string> = {}) {
  const found = await serviceOf(t, { config, host: { installation: randomUUID(), ...host } });
  return { ...found, network: networkName(found.spec) };
}

const addressOf = ({ upstreams: [first] }: Instance) => (first?.kind === 'http' ? first.host : '');
const reaches = async (id: string, address: string) =>
  (
    await runInside(
      engine,
      id,
      ['timeout', '3', 'wget', '-q', '-O', '-', `http://${address}:8000/`],
      1_000,
      AbortSignal.timeout(20_000),
    )
  ).exitCode === 0;

async function serving(
  runtime: Awaited<ReturnType<typeof service>>['runtime'],
  ...rest: Parameters<typeof runtime.probe>
) {
  await until('the app is healthy', async () => (await runtime.probe(...rest)).healthy);
}

t.test('replicas of a service reach each other, and nothing of another service', { skip }, async (t) => {
  const artifact = await app(t);
  const [one, other] = [await service(t, { replicas: 2 }), await service(t)];
  const first = await one.runtime.start(artifact, one.spec, one.context);
  const second = await other.runtime.start(artifact, other.spec, other.context);
  await serving(one.runtime, first, one.spec, one.context);
  await serving(other.runtime, second, other.spec, other.context);
  const [, replica] = first.upstreams;
  const [id = ''] = first.ids;
  t.equal(await reaches(id, replica?.kind === 'http' ? replica.host : ''), true, 'its own replica');
  t.equal(await reaches(id, addressOf(second)), false, 'an app of another service');
  t.equal(await reaches(second.ids[0] ?? '', addressOf(first)), false, 'and the other way round');
  const [usage] = await one.runtime.usage([one.spec], one.context);
  t.ok(
    usage?.parts.every(({ receivedBytes, sentBytes }) => receivedBytes > 0 && sentBytes > 0),
    'their traffic is counted',
  );
});

t.test('the network and the sandboxes are what they should be, and go with the last release', { skip }, async (t) => {
  const { runtime, spec, context, containers, network } = await service(t);
  const artifact = await app(t);
  await runtime.start(artifact, spec, context);
  const found = await callEngine<{ Driver: string; Labels: object; IPAM: { Config: { Subnet: string }[] } }>(engine, {
    method: 'GET',
    path: `/networks/${network}`,
  });
  t.match(found, { Driver: 'bridge', Attachable: false, Ingress: false });
  t.match(found.IPAM.Config, [{ Subnet: /^198\.1[89]\.\d+\.\d+\/26$/ }]);
  t.match(found.Labels, {
    ...ownLabels(context.host.installation),
    'pierhead.service': spec.serviceId,
    'pierhead.environment': 'production',
  });
  const sandbox = (await containers()).find(({ labels }) => 'pierhead.sandbox' in labels);
  t.match(await callEngine(engine, { method: 'GET', path: `/containers/${sandbox?.id}/json` }), {
    Mounts: [],
    HostConfig: {
      NetworkMode: network,
      CapDrop: ['ALL'],
      CapAdd: null,
      SecurityOpt: ['no-new-privileges:true'],
      Privileged: false,
      ReadonlyRootfs: true,
      PidMode: '',
      PidsLimit: 16,
      PortBindings: null,
    },
  });
  const next = { ...spec, deploymentId: randomUUID() };
  await runtime.start(artifact, next, context);
  await runtime.stop(spec, context);
  t.equal((await containers()).length, 2, 'the next release keeps its replica and its sandbox');
  await runtime.stop(next, context);
  t.same(await containers(), []);
  t.equal(await inspectNetwork(engine, network), null);
});

t.test('what was prepared is what the start takes', { skip }, async (t) => {
  const { runtime, spec, context, containers } = await service(t, { replicas: 2 });
  await runtime.prepare(spec, context);
  await runtime.prepare(spec, context);
  const ready = (await containers()).map(({ id }) => id).sort();
  t.equal(ready.length, 2);
  const { ids } = await runtime.start(await app(t), spec, context);
  const joined = (await containers()).filter(({ id }) => ids.includes(id)).map(({ networkMode }) => networkMode);
  t.same(joined.sort(), ready.map((id) => `container:${id}`).sort());
});

t.test('a sandbox that went away before the start is no failure', { skip }, async (t) => {
  const { runtime, spec, context, containers } = await service(t);
  await runtime.prepare(spec, context);
  const [ready] = await containers();
  await callEngine(engine, { method: 'POST', path: `/containers/${ready?.id}/pause` });
  t.equal((await runtime.start(await app(t), spec, context)).ids.length, 1, 'one that does not run is not taken');
});

t.test(
  'a replica that stands still for want of its sandbox is started again where it is looked for',
  { skip },
  async (t) => {
    const { runtime, spec, context, containers } = await service(t);
    const instance = await runtime.start(await app(t), spec, context);
    await serving(runtime, instance, spec, context);
    const [id = ''] = instance.ids;
    const sandbox = (await containers()).find((each) => each.id !== id)?.id ?? '';
    // As after a restart of the engine, which starts the two in any order.
    for (const each of [id, sandbox])
      await callEngine(engine, { method: 'POST', path: `/containers/${each}/stop`, query: { t: 0 } });
    await t.rejects(startContainer(engine, id), 'cannot join what does not run');
    await startContainer(engine, sandbox);
    const found = await runtime.adopt(spec, context);
    t.same(found?.ids, [id]);
    await serving(runtime, { ...instance, ...found }, spec, context);
  },
);

t.test('containers of Pierhead itself reach every service, also when they are made anew', { skip }, async (t) => {
  const home = `pierhead-test-${randomUUID()}`;
  const labels = { [managedLabel]: 'true' };
  await createNetwork(engine, { name: home, labels, range: '198.18.0.0/15' });
  t.teardown(() => removeNetwork(engine, home));
  const peer = async () => {
    const settings = { Image: 'busybox', Cmd: ['sleep', '600'], HostConfig: { NetworkMode: home } };
    const id = await createContainer(engine, `pierhead-test-${randomUUID()}`, settings);
    t.teardown(() => removeContainer(engine, id, 0));
    await startContainer(engine, id);
    return id;
  };
  const before = await peer();
  const { runtime, spec, context } = await service(t, {}, { dockerNetwork: home });
  const instance = await runtime.start(await app(t), spec, context);
  await serving(runtime, instance, spec, context);
  t.ok(await reaches(before, addressOf(instance)), 'one that was there');
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  const watching = runtime.watch({ ...context, signal: ending.signal });
  const starts = watching.next();
  const anew = await peer();
  await until('the new one reaches the app', () => reaches(anew, addressOf(instance)));
  ending.abort();
  t.match(await starts, { done: true });
  t.equal(await reaches(instance.ids[0] ?? '', '127.0.0.1'), true);
  await runtime.stop(spec, context);
  t.equal(await inspectNetwork(engine, networkName(spec)), null, 'they do not hold on to the network');
});

t.test('more services run than the engine has networks for by itself', { skip }, async (t) => {
  const contexts = await Promise.all(Array.from({ length: 40 }, () => service(t)));
  for (const { runtime, spec, context } of contexts.slice(0, 2)) await runtime.prepare(spec, context);
  const range = '198.18.0.0/15';
  const names = contexts.slice(2).map(({ network }) => network);
  t.teardown(() => Promise.all(names.map((name) => removeNetwork(engine, name))));
  await Promise.all(names.map((name) => createNetwork(engine, { name, labels: {}, range })));
  t.ok((await Promise.all(names.map((name) => inspectNetwork(engine, name)))).every(Boolean));
  await t.rejects(createNetwork(engine, { name: randomUUID(), labels: {}, range: '127.0.0.0/27' }), {
    code: 'docker_subnets_used_up',
    hint: /PIERHEAD_DOCKER_SUBNETS/,
  });
});

t.test('tidying leaves what was made just now', { skip }, async (t) => {
  const { runtime, spec, context, containers, network } = await service(t, { replicas: 2 });
  await runtime.prepare(spec, context);
  await runtime.tidy(context);
  t.equal((await containers()).length, 2);
  t.ok(await inspectNetwork(engine, network));
  const crowd = await Promise.all(
    Array.from({ length: 3 }, () => service(t, { replicas: 3 }, { installation: context.host.installation })),
  );
  for (const each of crowd) await each.runtime.prepare(each.spec, each.context);
  await runtime.tidy(context);
  const left = await listContainers(engine, ownLabels(context.host.installation));
  t.equal(left.length, 8, 'no more lie ready than a few');
});
