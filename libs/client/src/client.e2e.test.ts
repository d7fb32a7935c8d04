import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { packTarGz, testStack, visit } from '@pierhead/testing';
import t from 'tap';
import { createClient, type Deployment, dataOf, followEvents, followLogs, upload } from './index.js';

t.setTimeout(120_000);

t.test('the client talks to a running Pierhead', async (t) => {
  const { api, gatewayUrl, baseDomain } = await testStack(t);
  const client = createClient({ baseUrl: api.url, token: api.token });
  const archive = packTarGz([{ name: 'index.html', body: 'from the client' }]);

  t.test('the same archive as a file and as a stream is the same upload', async (t) => {
    const file = join(t.testdir({}), 'site.tar.gz');
    await writeFile(file, archive);
    const first = await upload(client, file, 'application/gzip');
    t.match(first, { id: String, bytes: archive.length, files: 1 });
    t.equal((await upload(client, Readable.from([archive]), 'application/gzip')).id, first.id);
    await t.rejects(upload(client, join(file, '..', 'none'), 'application/zip'), { code: 'ENOENT' });
    await t.rejects(upload(client, Readable.from(['no archive']), 'application/gzip'), {
      name: 'ApiError',
      message: /.+/,
    });
  });

  t.test('a service is created, deployed and followed', async (t) => {
    const { id: uploadId } = await upload(client, Readable.from([archive]), 'application/gzip');
    const name = `client-${Date.now().toString(36)}`;
    const body = {
      name,
      providerId: 'static',
      builderId: 'static',
      providerConfig: { uploadId },
      builderConfig: {},
    };
    const service = await dataOf(client.POST('/services', { body }));
    const params = { path: { id: service.id } };
    const { id } = await dataOf(client.POST('/services/{id}/deployments', { params, body: {} }));
    const seen: Deployment[] = [];
    for await (const deployment of followEvents(client, id)) seen.push(deployment);
    t.match(seen.at(-1), { id, status: 'succeeded', live: true });
    const lines = [];
    for await (const { seq } of followLogs(client, id)) lines.push(seq);
    t.ok(lines.length > 1);
    const later = [];
    for await (const { seq } of followLogs(client, id, { after: 1 })) later.push(seq);
    t.same(later, lines.slice(1));
    t.match(await visit(gatewayUrl, `${name}.${baseDomain}`), { status: 200, text: 'from the client' });
    t.match(await client.DELETE('/services/{id}', { params }), { response: { status: 204 } });
  });

  t.test('problems are thrown with everything that the API says', async (t) => {
    const params = { path: { id: '01890000-0000-7000-8000-000000000000' } };
    await t.rejects(client.GET('/services/{id}', { params }), {
      status: 404,
      code: 'service_not_found',
      requestId: String,
    });
    const body = { name: 'x', providerId: 'none', builderId: 'none', providerConfig: {}, builderConfig: {} };
    await t.rejects(client.POST('/services', { body }), {
      status: 422,
      code: 'invalid_service',
      errors: [{ path: '/providerId', code: 'provider_unknown' }],
    });
    const stranger = createClient({ baseUrl: api.url, token: 'wrong' });
    await t.rejects(stranger.GET('/services'), { status: 401, code: 'token_invalid' });
  });
});
