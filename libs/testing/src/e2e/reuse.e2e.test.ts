import { createPublicKey, verify } from 'node:crypto';
import t, { type Test } from 'tap';
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

  /** What is signed of a deployment, checked with the key that anybody may read. */
  const provenance = async (t: Test, id: string) => {
    const { payloadType, payload, signatures } = (await api.get(`/deployments/${id}/provenance`)).body;
    const body = Buffer.from(payload, 'base64');
    const key = await api.raw('GET', '/provenance-key', { headers: { authorization: '' } });
    const { publicKey } = (await key.json()) as { publicKey: string };
    const signed = `DSSEv1 ${payloadType.length} ${payloadType} ${body.length} ${body.toString('utf8')}`;
    const signature = Buffer.from(signatures[0].sig, 'base64');
    t.ok(verify(null, Buffer.from(signed), createPublicKey(publicKey), signature), 'the signature');
    return JSON.parse(body.toString('utf8'));
  };

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
    const again = await api.deploy(service.id);
    t.match(again, same);
    for (const { id } of [first, again]) {
      const { subject, predicate } = await provenance(t, id);
      t.same(subject, [{ name, digest: { sha256: first.artifact!.digest.replace('sha256:', '') } }]);
      const source = { name: 'source', digest: { sha256: /^[0-9a-f]{64}$/ } };
      const base = { name: 'busybox:latest', digest: { sha256: /^[0-9a-f]{64}$/ } };
      t.match(predicate.buildDefinition.resolvedDependencies, [source, base]);
      t.match(predicate.runDetails.metadata, { invocationId: first.id, pierhead_deployment: { id } });
    }
    t.match(await api.deploy(service.id, { environment: 'preview' }), same);
    t.match(await visit(gatewayUrl, `${name}.localhost`), { text: name });
  });
});
