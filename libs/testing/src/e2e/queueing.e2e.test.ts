import { listContainers } from '@pierhead/docker';
import type { Deployment } from '@pierhead/model';
import t from 'tap';
import { dockerMissing, ensureBaseImages, testEngine } from '../docker.js';
import { processesWith } from '../processes-with.js';
import { testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { createSite, freshName, site } from './scenarios.js';

t.setTimeout(300_000);
const noDocker = await dockerMissing();

t.test('deployments wait, give way and are canceled', async (t) => {
  const stack = await testStack(t, { workers: [{ slots: 2 }] });
  const { api, gatewayUrl } = stack;
  const deployment = async (id: string): Promise<Deployment> => (await api.get(`/deployments/${id}`)).body;
  const push = async (service: string, body = {}) => (await api.post(`/services/${service}/deployments`, body)).body.id;
  const follow = (ids: readonly string[]) => Promise.all(ids.map((id) => api.follow(id)));
  const withPolicy = async (name: string, queuePolicy: string) => {
    const service = await createSite(stack, freshName(name), { 'index.html': name });
    await api.patch(`/services/${service.id}`, { delivery: { queuePolicy } });
    return service;
  };
  /** An app whose build or start lasts until it is stopped; the number is found in no other process. */
  const createApp = async (name: string, Dockerfile: string, runtimeConfig = {}) => {
    const upload = await api.upload(site({ Dockerfile }), 'application/gzip');
    const created = await api.post('/services', {
      name: freshName(name),
      providerId: 'upload',
      builderId: 'dockerfile',
      providerConfig: { uploadId: upload.body.id },
      builderConfig: {},
      runtimeConfig,
    });
    t.equal(created.status, 201, JSON.stringify(created.body));
    t.teardown(() => api.delete(`/services/${created.body.id}`));
    return created.body.id as string;
  };
  const slowBuild = (seconds: number) => `FROM busybox\nRUN sleep ${seconds}\n`;

  t.test('twenty pushes in a moment end in two builds at most, and the last is live', async (t) => {
    const { id } = await withPolicy('pushed', 'latest-wins');
    const ended = await follow(await Promise.all(Array.from({ length: 20 }, () => push(id))));
    const built = ended.filter((each) => each.stages.some(({ name }) => name === 'build'));
    t.ok(built.length <= 2, `${built.length} were built`);
    t.match(
      ended.find((each) => each.number === 20),
      { status: 'succeeded', live: true },
    );
    t.ok(ended.every((each) => each.status === 'succeeded' || each.status === 'superseded'));
  });

  t.test('all are kept in their order, one at a time, and another service waits for one of them only', async (t) => {
    const [many, other] = [await withPolicy('many', 'queue-all'), await withPolicy('other', 'latest-wins')];
    const ids: string[] = [];
    for (let count = 0; count < 8; count += 1) ids.push(await push(many.id));
    const single = await push(other.id);
    const last = await deployment(ids.at(-1)!);
    if (last.status === 'queued') t.match(last.queue, { position: Number, blockedBy: String });
    const [alone, ...ended] = await follow([single, ...ids]);
    t.ok(ended.every((each) => each.status === 'succeeded'));
    for (const [index, each] of ended.entries())
      if (index > 0) t.ok(each.startedAt! >= ended[index - 1]!.finishedAt!, `number ${each.number} waits for its turn`);
    t.ok(alone!.finishedAt! < ended.at(-1)!.finishedAt!, 'the other one did not wait for all');
  });

  t.test('what runs gives way to a newer one where the service wants it', { skip: noDocker }, async (t) => {
    await ensureBaseImages();
    const id = await createApp('gives-way', slowBuild(86_311));
    await api.patch(`/services/${id}`, { delivery: { queuePolicy: 'cancel-running' } });
    const first = await push(id);
    await until('it builds', async () => (await processesWith('86311')).length > 0);
    const upload = await api.upload(site({ Dockerfile: 'FROM missing-on-purpose:1\n' }), 'application/gzip');
    await api.patch(`/services/${id}`, { providerConfig: { uploadId: upload.body.id } });
    const second = await push(id);
    t.match(await api.follow(first), { status: 'canceled' });
    t.match(await api.follow(second), { status: 'failed', error: { stage: 'build' } });
  });

  t.test('a cancel stops the build, and none beside it', { skip: noDocker }, async (t) => {
    await ensureBaseImages();
    const [one, two] = [await createApp('one', slowBuild(86_321)), await createApp('two', slowBuild(86_322))];
    const [first, second] = [await push(one), await push(two)];
    const building = async (seconds: string) => (await processesWith(seconds)).length > 0;
    await until('both build', async () => (await building('86321')) && (await building('86322')));

    const waiting = await push((await createSite(stack, freshName('waits'), { 'index.html': 'x' })).id);
    t.equal((await api.post(`/deployments/${waiting}/cancel`)).status, 202);
    t.match(await deployment(waiting), { status: 'canceled', stages: [] }, 'what waits ends at once');

    t.equal((await api.post(`/deployments/${first}/cancel`)).status, 202);
    t.match(await api.follow(first), { status: 'canceled', error: null, stages: [{}, {}, { status: 'canceled' }, {}] });
    t.notOk(await building('86321'), 'nothing of it runs when it says so');
    t.ok(await building('86322'));
    t.match(await deployment(second), { status: 'running', stage: 'build' });
    await api.post(`/deployments/${second}/cancel`);
    t.match(await api.follow(second), { status: 'canceled' });
    t.notOk(await building('86322'));
  });

  t.test('a cancel removes the container that was started', { skip: noDocker }, async (t) => {
    await ensureBaseImages();
    const id = await createApp('unhealthy', 'FROM busybox\nCMD ["sleep", "86331"]\n', {
      healthCheck: { path: '/', graceSeconds: 300 },
    });
    const deployed = await push(id);
    await until('it is verified', async () => (await deployment(deployed)).stage === 'verify');
    t.equal((await api.post(`/deployments/${deployed}/cancel`)).status, 202);
    t.match(await api.follow(deployed), { status: 'canceled' });
    t.same(await listContainers(testEngine(), { 'pierhead.deployment': deployed }), []);
    t.same(await processesWith('86331'), []);
  });

  t.test('what is live is not canceled', async (t) => {
    const name = freshName('live');
    const service = await createSite(stack, name, { 'index.html': 'stays' });
    const { id } = await api.deploy(service.id);
    t.match(await api.post(`/deployments/${id}/cancel`), { status: 409, body: { code: 'deployment_final' } });
    t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'stays' });
  });

  t.test('a stage that takes too long is stopped like that', { skip: noDocker }, async (t) => {
    await ensureBaseImages();
    const id = await createApp('slow', slowBuild(86_341));
    const patched = await api.patch(`/services/${id}`, { delivery: { timeouts: { buildSeconds: 3 } } });
    t.match(patched.body.delivery.timeouts, { buildSeconds: 3, totalSeconds: 3_600 });
    const ended = await api.deploy(id);
    t.match(ended, { status: 'failed', error: { code: 'deadline_exceeded', stage: 'build', hint: /buildSeconds/ } });
    t.same(await processesWith('86341'), []);
  });
});
