import t, { type Test } from 'tap';
import { dockerMissing } from '../docker.js';
import { type GitServer, gitMissing, startGitServer } from '../git-server.js';
import { redisMissing, testRedis } from '../redis.js';
import { stackIsGiven, testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { createSite, freshName, site } from './scenarios.js';

t.setTimeout(300_000);
const noDocker = await dockerMissing();
const given = stackIsGiven() && 'the topology is not the test\u2019s own';
const backends = [
  { name: 'PostgreSQL', missing: given },
  { name: 'Redis', missing: given || redisMissing() },
];

for (const backend of backends) {
  t.test(`routing with the queue on ${backend.name}`, { skip: backend.missing }, async (t) => {
    const stack = await testStack(t, {
      workers: [{ labels: ['gpu', 'region=eu'] }, { labels: ['arm'], dockerHost: 'unix:///nonexistent.sock' }],
      ...(backend.name === 'Redis' ? { redisUrl: (await testRedis(t)).url } : {}),
    });
    const { api } = stack;
    const workers = (await api.get('/workers')).body as { id: string; labels: string[] }[];
    const idOf = (label: string) => workers.find((worker) => worker.labels.includes(label))!.id;
    const ranOn = async (providerId: string, deploymentId: string): Promise<string> => {
      const { body } = await api.get(`/providers/${providerId}/usage`);
      return body.deployments.find((each: { deploymentId: string }) => each.deploymentId === deploymentId)?.workerId;
    };
    const label = async (serviceId: string, workerLabels: string[]) =>
      (await api.patch(`/services/${serviceId}`, { delivery: { workerLabels } })).status;

    const waits = async (t: Test, id: string) => {
      const wanted = { status: 'queued', queue: { reason: 'No worker has the label tpu.' } };
      const look = async () => (await api.get(`/deployments/${id}`)).body;
      await until('it waits', async () => (await look()).queue?.reason === wanted.queue.reason).catch(() => {});
      t.match(await look(), wanted);
    };

    t.test('a service runs where its labels are', async (t) => {
      for (const wanted of ['gpu', 'arm']) {
        const service = await createSite(stack, freshName('labelled'), { 'index.html': wanted });
        t.equal(await label(service.id, [wanted]), 200);
        const deployment = await api.deploy(service.id);
        t.match(deployment, { status: 'succeeded' }, JSON.stringify(deployment.error));
        t.equal(await ranOn('static', deployment.id), idOf(wanted));
      }
    });

    t.test('what needs Docker goes to the worker that has it', { skip: noDocker }, async (t) => {
      const upload = await api.upload(site({ Dockerfile: 'FROM scratch\nCOPY nothing /\n' }), 'application/gzip');
      const { body } = await api.post('/services', {
        name: freshName('docker'),
        providerId: 'upload',
        builderId: 'dockerfile',
        providerConfig: { uploadId: upload.body.id },
        builderConfig: {},
      });
      for (let time = 0; time < 3; time += 1) {
        const deployment = await api.deploy(body.id);
        t.not(deployment.error?.code, 'docker_unavailable');
        t.equal(await ranOn('upload', deployment.id), idOf('gpu'));
      }
    });

    t.test('what nobody can run waits, says why, and goes as soon as somebody can', async (t) => {
      const name = freshName('waiting');
      const service = await createSite(stack, name, { 'index.html': 'at last' });
      t.equal(await label(service.id, ['tpu']), 200);
      const { body } = await api.post(`/services/${service.id}/deployments`, {});
      t.match(body, { status: 'queued' });
      await waits(t, body.id);
      const worker = await stack.startWorker({ labels: ['tpu'] });
      t.match(await api.follow(body.id), { status: 'succeeded', live: true, queue: null });
      t.match(await visit(stack.gatewayUrl, `${name}.localhost`), { status: 200, text: 'at last' });

      await worker.stop();
      const again = await api.post(`/services/${service.id}/deployments`, {});
      await waits(t, again.body.id);
      await api.post(`/deployments/${again.body.id}/cancel`, {});
    });

    t.test('more deployments than slots wait for the one worker that has the label', async (t) => {
      const services = await Promise.all(
        Array.from({ length: 6 }, (_, index) => createSite(stack, freshName('many'), { 'index.html': `${index}` })),
      );
      await Promise.all(services.map((service) => label(service.id, ['gpu'])));
      const ended = await Promise.all(services.map((service) => api.deploy(service.id)));
      t.same(
        ended.map((each) => each.status),
        ended.map(() => 'succeeded'),
      );
      const ran = await Promise.all(ended.map((each) => ranOn('static', each.id)));
      t.same(new Set(ran), new Set([idOf('gpu')]));
    });

    t.test(
      'a mirror stands in for a source that is down, never for one that refuses',
      { skip: gitMissing() },
      async (t) => {
        const [main, mirror] = [await startGitServer(), await startGitServer()];
        t.teardown(() => mirror.close());
        const page = (text: string) => ({ 'index.html': text });
        const at = (git: GitServer) => ({ providerId: 'git', providerConfig: { url: git.url('site') } });
        const commit = await main.commit('site', page('mirrored'));
        t.equal(await mirror.commit('site', page('mirrored')), commit);
        const name = freshName('mirrored');
        const created = await api.post('/services', {
          name,
          ...at(main),
          builderId: 'static',
          builderConfig: {},
          fallbackSources: [at(mirror)],
        });
        t.equal(created.status, 201, JSON.stringify(created.body));
        const { id } = created.body;
        t.match(await api.deploy(id), {
          status: 'succeeded',
          source: { providerId: 'git', fallback: null, revision: commit },
        });

        t.match(await api.deploy(id, { ref: 'nowhere' }), { status: 'failed', error: { code: 'git_ref_not_found' } });
        await main.close();
        const replaced = await api.deploy(id);
        t.match(replaced, { status: 'succeeded', source: { providerId: 'git', fallback: 0, revision: commit } });
        const log = await api.get(`/deployments/${replaced.id}/logs`, { accept: 'text/plain' });
        t.match(log.body, /cannot be reached\. Trying fallback source 1 \(git\) instead\./);
        t.match(await visit(stack.gatewayUrl, `${name}.localhost`), { status: 200, text: 'mirrored' });
      },
    );
  });
}
