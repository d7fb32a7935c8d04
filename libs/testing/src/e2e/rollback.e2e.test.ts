import t from 'tap';
import { busyboxAppFiles, dockerMissing, ensureBaseImages, removeTestImages } from '../docker.js';
import { testStack } from '../stack.js';
import { visit } from '../visit.js';
import { createSite, freshName, removeService, site } from './scenarios.js';

t.setTimeout(300_000);
const noDocker = await dockerMissing();

t.test('releases are brought back as they were', async (t) => {
  const stack = await testStack(t, { workers: 1 });
  const { api, gatewayUrl } = stack;
  const seen = async (name: string) => (await visit(gatewayUrl, `${name}.localhost`)).text;
  const rollBack = async (id: string, body?: object) => {
    const accepted = await api.post(`/services/${id}/rollback`, body);
    t.equal(accepted.status, 202, JSON.stringify(accepted.body));
    return api.follow(accepted.body.id);
  };

  t.test('files', async (t) => {
    const name = freshName('site');
    const { id } = await createSite(stack, name, { 'index.html': 'one' });
    t.match(await api.post(`/services/${id}/rollback`), { status: 409, body: { code: 'nothing_live' } });
    const first = await api.deploy(id);
    t.match(await api.post(`/services/${id}/rollback`), { status: 409, body: { code: 'no_earlier_release' } });
    const { body: upload } = await api.upload(site({ 'index.html': 'two' }), 'application/gzip');
    await api.patch(`/services/${id}`, { providerConfig: { uploadId: upload.id } });
    const second = await api.deploy(id);
    t.equal(await seen(name), 'two');

    t.match(await rollBack(id), {
      status: 'succeeded',
      live: true,
      rollbackOf: first.id,
      trigger: { kind: 'rollback' },
      artifact: { digest: first.artifact!.digest, reused: true },
    });
    t.equal(await seen(name), 'one');
    t.match(await rollBack(id, { deploymentId: second.id }), { status: 'succeeded', rollbackOf: second.id });
    t.equal(await seen(name), 'two');
    t.match(await api.post(`/services/${id}/rollback`, { deploymentId: id }), {
      status: 404,
      body: { code: 'deployment_not_found' },
    });
    t.match(await api.post(`/services/${id}/rollback`, { to: first.id }), { status: 400 });

    const retried = await api.post(`/deployments/${first.id}/retry`);
    t.match(retried, { status: 202, body: { trigger: { kind: 'retry' } } });
    t.match(await api.follow(retried.body.id), { status: 'succeeded', live: true }, 'the source has changed since');
    t.equal(await seen(name), 'two');
    t.match(await api.post(`/deployments/${id}/retry`), { status: 404, body: { code: 'deployment_not_found' } });
  });

  t.test('containers, with their variables', { skip: noDocker }, async (t) => {
    await ensureBaseImages();
    const name = freshName('app');
    const { body: upload } = await api.upload(site(busyboxAppFiles('one')), 'application/gzip');
    const { body: service } = await api.post('/services', {
      name,
      providerId: 'upload',
      builderId: 'dockerfile',
      providerConfig: { uploadId: upload.id },
      builderConfig: {},
      variables: { PORT: '8123' },
    });
    t.teardown(() => removeService(stack, service.id));
    const first = await api.deploy(service.id);
    t.match(first, { status: 'succeeded' }, JSON.stringify(first.error));
    const { body: other } = await api.upload(site(busyboxAppFiles('two')), 'application/gzip');
    await api.patch(`/services/${service.id}`, { providerConfig: { uploadId: other.id }, variables: { PORT: '8321' } });
    const second = await api.deploy(service.id);
    t.teardown(() => removeTestImages([first, second].map(({ artifact }) => artifact!.digest)));
    t.match(await seen(name), 'two');
    t.match(await rollBack(service.id), { status: 'succeeded', artifact: { digest: first.artifact!.digest } });
    t.match(await seen(name), 'one');
  });
});
