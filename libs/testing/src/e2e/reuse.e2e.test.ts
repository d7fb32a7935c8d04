import t from 'tap';
import { busyboxAppFiles, dockerMissing, ensureBaseImages, removeTestImages } from '../docker.js';
import { testStack } from '../stack.js';
import { visit } from '../visit.js';
import { createApp, createSite, freshName, removeService } from './scenarios.js';

t.setTimeout(300_000);
const noDocker = await dockerMissing();

t.test('what is unchanged is not built again', async (t) => {
  const stack = await testStack(t, { workers: 1 });
  const { api, gatewayUrl } = stack;
  const plan = async (id: string) => (await api.post(`/services/${id}/plan`)).body.artifact.reused;

  t.test('files', async (t) => {
    const [name, other] = [freshName('site'), freshName('site')];
    const { id } = await createSite(stack, name, { 'index.html': 'the same' });
    t.equal(await plan(id), false);
    const first = await api.deploy(id);
    t.match(first, { artifact: { reused: false } });
    t.equal(await plan(id), true);
    t.match(await api.deploy(id), { artifact: { digest: first.artifact!.digest, reused: true } });
    t.match(await api.deploy(id, { force: true }), { artifact: { digest: first.artifact!.digest, reused: false } });
    const { id: otherId } = await createSite(stack, other, { 'index.html': 'the same' });
    t.match(await api.deploy(otherId), { artifact: { digest: first.artifact!.digest, reused: true } });
    t.match(await visit(gatewayUrl, `${other}.localhost`), { text: 'the same' });
    await api.patch(`/services/${id}`, { builderConfig: { cleanUrls: false } });
    t.equal(await plan(id), false);
    t.match(await api.deploy(id), { artifact: { reused: false } }, 'the rules are part of it');
  });

  t.test('an image, also in another environment and with other variables', { skip: noDocker }, async (t) => {
    await ensureBaseImages();
    const name = freshName('app');
    const service = await createApp(stack, name, busyboxAppFiles(name));
    t.teardown(() => removeService(stack, service.id));
    const first = await api.deploy(service.id);
    t.match(first, { status: 'succeeded', artifact: { reused: false } }, JSON.stringify(first.error));
    t.teardown(() => removeTestImages([first.artifact!.digest]));
    await api.patch(`/services/${service.id}`, { variables: { PORT: '8222' } });
    const same = { status: 'succeeded', artifact: { digest: first.artifact!.digest, reused: true } };
    t.match(await api.deploy(service.id), same);
    t.match(await api.deploy(service.id, { environment: 'preview' }), same);
    t.match(await visit(gatewayUrl, `${name}.localhost`), { text: name });
  });
});
