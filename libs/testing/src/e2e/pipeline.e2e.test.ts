import { inspectImage, listContainers } from '@pierhead/docker';
import t from 'tap';
import {
  busyboxAppFiles,
  dockerMissing,
  ensureBaseImages,
  nodeAppFiles,
  removeTestImages,
  testEngine,
} from '../docker.js';
import { gitMissing, startGitServer } from '../git-server.js';
import { redisMissing, testRedis } from '../redis.js';
import { testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { createSite, freshName, removeService, site } from './scenarios.js';

t.setTimeout(300_000);
const noDocker = await dockerMissing();
const backends = [
  { name: 'PostgreSQL', missing: false as const },
  { name: 'Redis', missing: redisMissing() },
];

for (const backend of backends) {
  t.test(`deployments with the queue on ${backend.name}`, { skip: backend.missing }, async (t) => {
    const stack = await testStack(t, {
      workers: 2,
      ...(backend.name === 'Redis' ? { redisUrl: (await testRedis(t)).url } : {}),
    });
    const { api, gatewayUrl } = stack;
    const images = new Set<string>();
    t.teardown(() => removeTestImages(images));

    t.test('uploaded files answer at their URL, and a second deployment replaces the first', async (t) => {
      const name = freshName('site');
      const service = await createSite(
        stack,
        name,
        { 'index.html': `first of ${name}`, '404.html': 'not here' },
        { errorPage: '404.html' },
      );
      const first = await api.deploy(service.id);
      t.match(first, {
        status: 'succeeded',
        live: true,
        number: 1,
        error: null,
        artifact: { kind: 'files', reused: false },
      });
      t.same(
        first.stages.map((stage) => [stage.name, stage.status]),
        ['resolve', 'fetch', 'build', 'release', 'verify', 'switch', 'cleanup'].map((stage) => [stage, 'succeeded']),
      );
      t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: `first of ${name}` });
      t.match(await visit(gatewayUrl, `${name}.localhost`, '/nowhere'), { status: 404, text: 'not here' });

      const upload = await api.upload(site({ 'index.html': 'second' }), 'application/gzip');
      const patched = await api.patch(`/services/${service.id}`, {
        providerConfig: { uploadId: upload.body.id },
        builderConfig: { errorPage: null },
      });
      t.equal(patched.status, 200);
      t.match(await api.deploy(service.id), { status: 'succeeded', live: true, number: 2 });
      t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'second' });
      t.match((await api.get(`/deployments/${first.id}`)).body, { live: false });
      t.match((await api.get(`/services/${service.id}`)).body, {
        live: { number: 2 },
        url: new RegExp(`^http://${name}\\.localhost:`),
      });
    });

    t.test(
      'a Git repository becomes a container; a broken Dockerfile leaves the old release alone',
      { skip: noDocker || gitMissing() },
      async (t) => {
        await ensureBaseImages();
        const git = await startGitServer();
        t.teardown(() => git.close());
        const name = freshName('app');
        await git.commit('app', nodeAppFiles('from git'), { branch: 'main', message: 'first' });
        const created = await api.post('/services', {
          name,
          providerId: 'git',
          builderId: 'dockerfile',
          providerConfig: { url: git.url('app'), ref: 'main' },
          builderConfig: {},
          variables: { GREETING: 'pa$$ "word"\n', HIDDEN: { secret: true, value: 's3cret' } },
        });
        t.equal(created.status, 201, JSON.stringify(created.body));
        t.match(created.body.variables, { GREETING: 'pa$$ "word"\n', HIDDEN: { secret: true } });
        t.notMatch(JSON.stringify(created.body), 's3cret');
        const { id } = created.body;
        t.teardown(() => removeService(stack, id));

        const first = await api.deploy(id);
        t.match(
          first,
          {
            status: 'succeeded',
            live: true,
            source: { ref: 'main', revision: /^[0-9a-f]{40}$/ },
            artifact: { kind: 'image' },
          },
          JSON.stringify(first.error),
        );
        if (first.artifact) images.add(first.artifact.digest);
        t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'from git' });
        const env = JSON.parse((await visit(gatewayUrl, `${name}.localhost`, '/env')).text);
        t.match(env, { GREETING: 'pa$$ "word"\n', HIDDEN: 's3cret' });

        await git.commit(
          'app',
          { ...nodeAppFiles('never'), Dockerfile: 'FROM node:20-slim\nRUN echo about to fail && exit 7\n' },
          { branch: 'main', message: 'broken' },
        );
        const broken = await api.deploy(id);
        t.match(broken, {
          status: 'failed',
          live: false,
          stage: String,
          error: { code: 'build_step_failed', stage: 'build', line: /RUN echo about to fail/, hint: String },
        });
        t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'from git' });
        const log = await api.get(`/deployments/${broken.id}/logs`, { accept: 'text/plain' });
        t.match(log.body, /about to fail/);

        await git.commit('app', nodeAppFiles('again'), { branch: 'main', message: 'mended' });
        const mended = await api.deploy(id);
        t.match(mended, { status: 'succeeded', live: true });
        if (mended.artifact) images.add(mended.artifact.digest);
        t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'again' });
        const older = await api.deploy(id, { revision: first.source?.revision });
        t.match(
          older,
          { status: 'succeeded', source: { revision: first.source?.revision } },
          'a commit of one\u2019s choice',
        );
        t.match(await visit(gatewayUrl, `${name}.localhost`), { text: 'from git' });
      },
    );

    t.test('uploaded source is built too', { skip: noDocker }, async (t) => {
      await ensureBaseImages();
      const name = freshName('source');
      const upload = await api.upload(site(busyboxAppFiles('built from an upload')), 'application/gzip');
      const { body } = await api.post('/services', {
        name,
        providerId: 'upload',
        builderId: 'dockerfile',
        providerConfig: { uploadId: upload.body.id },
        builderConfig: {},
      });
      const deployed = await api.follow((await api.post(`/services/${body.id}/deployments`)).body.id);
      t.match(deployed, { status: 'succeeded', live: true }, JSON.stringify(deployed.error));
      t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'built from an upload' });

      const engine = testEngine();
      const containers = await listContainers(engine, { 'pierhead.service': body.id });
      t.equal(containers.filter(({ labels }) => 'pierhead.deployment' in labels).length, 1);
      await api.delete(`/services/${body.id}`);
      await until(
        'the container is gone',
        async () => (await listContainers(engine, { 'pierhead.service': body.id })).length === 0,
      );
      await until(
        'the image is gone',
        async () => (await inspectImage(engine, deployed.artifact?.digest ?? '')) === null,
      );
    });

    t.test('an app that never gets healthy fails when its grace is over', { skip: noDocker }, async (t) => {
      await ensureBaseImages();
      const upload = await api.upload(site({ Dockerfile: 'FROM busybox\nCMD ["sleep", "60"]\n' }), 'application/gzip');
      const { body } = await api.post('/services', {
        name: freshName('sick'),
        providerId: 'upload',
        builderId: 'dockerfile',
        providerConfig: { uploadId: upload.body.id },
        builderConfig: {},
        runtimeConfig: { healthCheck: { path: '/', graceSeconds: 1 } },
      });
      const deployed = await api.deploy(body.id);
      const message = /not healthy within 1 s/;
      t.match(deployed, {
        status: 'failed',
        stage: 'verify',
        error: { code: 'health_check_failed', stage: 'verify', message },
      });
      await api.delete(`/services/${body.id}`);
    });

    t.test('a source that is not there fails with a reason', { skip: gitMissing() }, async (t) => {
      const git = await startGitServer();
      t.teardown(() => git.close());
      await git.commit('app', { 'index.html': 'x' }, { branch: 'main', message: 'first' });
      const failing = async (providerConfig: Record<string, unknown>) => {
        const { body } = await api.post('/services', {
          name: freshName('bad'),
          providerId: 'git',
          builderId: 'static',
          providerConfig,
          builderConfig: {},
        });
        const deployment = await api.deploy(body.id);
        await api.delete(`/services/${body.id}`);
        return deployment;
      };
      t.match(await failing({ url: git.url('nothing') }), {
        status: 'failed',
        error: { code: 'git_repository_not_found', stage: 'resolve', hint: String },
      });
      t.match(await failing({ url: git.url('app'), ref: 'nowhere' }), {
        status: 'failed',
        error: { code: 'git_ref_not_found', stage: 'resolve', hint: /main/ },
      });
    });

    t.test('deployments of one service queue up, and the newest wins', async (t) => {
      const service = await createSite(stack, freshName('queue'), { 'index.html': 'x' });
      const accepted = await Promise.all(
        Array.from({ length: 6 }, () => api.post(`/services/${service.id}/deployments`, {})),
      );
      const ended = await Promise.all(accepted.map(({ body }) => api.follow(body.id)));
      const newest = Math.max(...ended.map((each) => each.number));
      t.match(
        ended.find((each) => each.number === newest),
        { status: 'succeeded', live: true },
      );
      t.ok(ended.every((each) => each.status === 'succeeded' || each.status === 'superseded'));
    });

    t.test('a deleted service is gone with everything that it owned', async (t) => {
      const name = freshName('gone');
      const service = await createSite(stack, name, { 'index.html': 'x' });
      const deployment = await api.deploy(service.id);
      t.equal((await api.delete(`/services/${service.id}`)).status, 204);
      t.equal((await api.get(`/services/${service.id}`)).status, 404);
      const gone = async () => (await visit(gatewayUrl, `${name}.localhost`)).status === 404;
      await until('the gateway has heard of it', gone);
      await until(
        'its history is removed',
        async () => (await api.get(`/deployments/${deployment.id}`)).status === 404,
      );
    });
  });
}
