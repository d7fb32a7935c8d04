import t from 'tap';
import { events } from '../api-driver.js';
import { dockerMissing, ensureBaseImages, removeTestImages } from '../docker.js';
import { packTarGz } from '../pack-archive.js';
import { testStack } from '../stack.js';
import { visit } from '../visit.js';
import { createSite, freshName, site } from './scenarios.js';

t.setTimeout(300_000);
const noDocker = await dockerMissing();

/** A hundred thousand lines, slower than the 200 KiB/s at which the engine itself begins to clip; never in its cache. */
const chattyDockerfile = () =>
  [
    'FROM busybox',
    `RUN echo run ${Date.now()}; for i in $(seq 0 49); do seq $((i * 2000 + 1)) $((i * 2000 + 2000)); sleep 0.12; done`,
    'CMD ["true"]',
    '',
  ].join('\n');

t.test('the API keeps its contract', async (t) => {
  const stack = await testStack(t);
  const { api, gatewayUrl } = stack;

  t.test('a client creates a service from nothing but what the registries tell it', async (t) => {
    const providers = (await api.get('/providers')).body as { id: string; produces: string }[];
    const provider = providers.find((each) => each.produces === 'site')!;
    const [builder] = (await api.get(`/providers/${provider.id}/builders`)).body as { id: string }[];
    const fill = async (path: string, known: Record<string, unknown>) => {
      const { fields } = (await api.get(path)).body as {
        fields: { key: string; required: boolean; default?: unknown }[];
      };
      return Object.fromEntries(
        fields
          .filter((field) => field.required || field.default !== undefined)
          .map((field) => [field.key, field.default ?? known[field.key]]),
      );
    };
    const upload = await api.upload(site({ 'index.html': 'from a schema' }), 'application/gzip');
    const name = freshName('schema');
    const created = await api.post('/services', {
      name,
      providerId: provider.id,
      builderId: builder!.id,
      providerConfig: await fill(`/providers/${provider.id}/schema`, { uploadId: upload.body.id }),
      builderConfig: await fill(`/builders/${builder!.id}/schema`, {}),
    });
    t.equal(created.status, 201, JSON.stringify(created.body));
    t.match(await api.deploy(created.body.id), { status: 'succeeded' });
    t.match(await visit(gatewayUrl, `${name}.localhost`), { text: 'from a schema' });
  });

  t.test('logs come as JSON, as text and as a stream that resumes', async (t) => {
    const service = await createSite(stack, freshName('logs'), { 'index.html': 'x' });
    const { id } = await api.deploy(service.id);
    const { body } = await api.get(`/deployments/${id}/logs`);
    t.ok(body.items.length > 0);
    t.same(
      body.items.map((line: { seq: number }) => line.seq),
      body.items.map((_: unknown, index: number) => index + 1),
    );
    t.match(
      (await api.get(`/deployments/${id}/logs?after=1&limit=1`)).body.items[0] ?? {},
      body.items.length > 1 ? { seq: 2 } : {},
    );
    const text = await api.get(`/deployments/${id}/logs`, { accept: 'text/plain' });
    t.equal(text.body, body.items.map((line: { text: string }) => `${line.text}\n`).join(''));
    const stream = await api.raw('GET', `/deployments/${id}/logs`, {
      headers: { accept: 'text/event-stream', 'last-event-id': '1' },
    });
    const received = [];
    for await (const event of events(stream)) received.push(event);
    t.same(
      received.map((event) => event.id),
      [...body.items.slice(1).map((line: { seq: number }) => String(line.seq)), null],
    );
    t.match(received.at(-1), { event: 'end', data: { status: 'succeeded' } });
    t.equal((await api.get(`/deployments/${id}/logs?after=2147483648`)).status, 400);
    const far = { accept: 'text/event-stream', 'last-event-id': '999999999999999' };
    t.match(await (await api.raw('GET', `/deployments/${id}/logs`, { headers: far })).text(), /event: end/);
  });

  t.test(
    'a hundred thousand lines of build output arrive whole, also for who follows them',
    { skip: noDocker },
    async (t) => {
      await ensureBaseImages();
      const upload = await api.upload(site({ Dockerfile: chattyDockerfile() }), 'application/gzip');
      const { body } = await api.post('/services', {
        name: freshName('chatty'),
        providerId: 'upload',
        builderId: 'dockerfile',
        providerConfig: { uploadId: upload.body.id },
        builderConfig: {},
        runtimeConfig: { healthCheck: { graceSeconds: 1 } },
      });
      t.teardown(() => api.delete(`/services/${body.id}`));
      const { body: accepted } = await api.post(`/services/${body.id}/deployments`, {});
      const stream = await api.raw('GET', `/deployments/${accepted.id}/logs`, {
        headers: { accept: 'text/event-stream' },
      });
      const numbers: number[] = [];
      let seq = 0;
      for await (const { event, data } of events(stream)) {
        if (event !== 'line') continue;
        const line = data as { seq: number; text: string };
        seq += 1;
        if (line.seq !== seq) t.fail(`line ${line.seq} came in place ${seq}`);
        const counted = /^#\d+ (\d+)$/.exec(line.text);
        if (counted) numbers.push(Number(counted[1]));
      }
      t.ok(
        numbers.length === 100_000 && numbers.every((value, index) => value === index + 1),
        `${numbers.length} lines`,
      );
      const ended = await api.follow(accepted.id);
      if (ended.artifact) await removeTestImages([ended.artifact.digest]);
    },
  );

  t.test('an incompatible pair is refused, and the answer names what fits', async (t) => {
    const refused = await api.post('/services', {
      name: freshName('pair'),
      providerId: 'static',
      builderId: 'dockerfile',
      providerConfig: { uploadId: '00000000-0000-7000-8000-000000000000' },
      builderConfig: {},
    });
    t.match(refused, {
      status: 422,
      body: { code: 'invalid_service', errors: [{ path: '/builderId', code: 'incompatible_pair', message: /static/ }] },
    });
  });

  t.test('the document and its page are there, and everything else asks for a token', async (t) => {
    const document = (await api.get('/openapi.json')).body;
    t.equal(document.openapi, '3.1.0');
    t.equal((await fetch(new URL('/docs', api.url))).status, 200);
    for (const [path, methods] of Object.entries(
      document.paths as Record<string, Record<string, { security?: unknown[] }>>,
    )) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.security?.length === 0) continue;
        const url = new URL(path.replaceAll(/\{\w+\}/g, '00000000-0000-7000-8000-000000000000'), api.url);
        t.equal((await fetch(url, { method: method.toUpperCase() })).status, 401, `${method} ${path}`);
        t.equal(
          (await fetch(url, { method: method.toUpperCase(), headers: { authorization: 'Bearer nonsense' } })).status,
          401,
        );
      }
    }
  });

  t.test('projects hold services and are not deleted while they do', async (t) => {
    const project = await api.post('/projects', { name: freshName('project') });
    t.equal(project.status, 201);
    t.equal((await api.post('/projects', { name: project.body.name })).status, 409);
    const service = await createSite(stack, freshName('member'), { 'index.html': 'x' });
    t.equal((await api.patch(`/services/${service.id}`, { projectId: project.body.id })).status, 200);
    t.match(await api.delete(`/projects/${project.body.id}`), { status: 409, body: { code: 'project_not_empty' } });
    const { body } = await api.get('/projects?limit=1');
    t.match(body, { items: [{ id: String }], nextCursor: String });
    t.equal((await api.get(`/projects?limit=1&cursor=${body.nextCursor}`)).status, 200);
  });

  t.test('a plan tells what a deployment would do, and what stands in its way', async (t) => {
    const name = freshName('plan');
    const service = await createSite(stack, name, { 'index.html': name });
    const first = await api.post(`/services/${service.id}/plan`, {});
    t.match(first, {
      status: 200,
      body: {
        provider: { id: 'static' },
        builder: { id: 'static' },
        revision: { id: /^sha256:/ },
        artifact: { key: String, reused: false },
        problems: [],
      },
    });
    await api.deploy(service.id);
    t.same((await api.post(`/services/${service.id}/plan`, {})).body.changes, []);
    await api.patch(`/services/${service.id}`, { variables: { A: 'new', B: { secret: true, value: 'hidden' } } });
    const { body } = await api.post(`/services/${service.id}/plan`, {});
    t.same(body.changes, [
      { path: '/variables/A', from: null, to: 'new' },
      { path: '/variables/B', from: null, to: { secret: true } },
    ]);
    await api.patch(`/services/${service.id}`, {
      providerConfig: { uploadId: '00000000-0000-7000-8000-000000000000' },
    });
    t.match((await api.post(`/services/${service.id}/plan`, {})).body, {
      revision: null,
      artifact: null,
      problems: [{ code: 'upload_not_found' }],
    });
  });

  t.test('a change is refused when it is based on an older service', async (t) => {
    const service = await createSite(stack, freshName('match'), { 'index.html': 'x' });
    const etag = (await api.get(`/services/${service.id}`)).headers.get('etag')!;
    t.equal(
      (
        await api.patch(
          `/services/${service.id}`,
          { hostnames: [`${freshName('h')}.example.com`] },
          { 'if-match': etag },
        )
      ).status,
      200,
    );
    t.match(await api.patch(`/services/${service.id}`, { hostnames: [] }, { 'if-match': etag }), {
      status: 412,
      body: { code: 'service_changed' },
    });
  });

  t.test('a service changes its provider and builder, and with them its runtime', async (t) => {
    const service = await createSite(stack, freshName('change'), { 'index.html': 'x' }, { cacheControl: 'no-store' });
    const { providerConfig } = (await api.get(`/services/${service.id}`)).body;
    const changed = await api.patch(`/services/${service.id}`, {
      providerId: 'upload',
      providerConfig,
      builderId: 'dockerfile',
    });
    t.match(changed, { status: 200, body: { providerId: 'upload', builderId: 'dockerfile', runtimeId: 'docker' } });
    t.notOk('cacheControl' in changed.body.builderConfig, 'a config does not outlive its entry');
    t.match(await api.patch(`/services/${service.id}`, { name: 'No!' }), {
      status: 400,
      body: { errors: [{ path: '/name' }] },
    });
  });

  t.test('a secret of a config is never read back, and stays when it is not sent', async (t) => {
    const name = freshName('secret');
    const providerConfig = { url: 'https://git.example.com/a/b.git', token: 't0ken-value' };
    const created = await api.post('/services', {
      name,
      providerId: 'git',
      builderId: 'static',
      providerConfig,
      builderConfig: {},
    });
    t.match(created, { status: 201, body: { providerConfig: { token: { secret: true } } } });
    const shown = created.body.providerConfig;
    const kept = await api.patch(`/services/${created.body.id}`, { providerConfig: { ...shown, ref: 'main' } });
    t.match(kept, { status: 200, body: { providerConfig: { ref: 'main', token: { secret: true } } } });
    const gone = await api.patch(`/services/${created.body.id}`, { providerConfig: { token: null } });
    t.notOk('token' in gone.body.providerConfig);
    t.notMatch(JSON.stringify([created.body, kept.body, gone.body]), 't0ken-value');
  });

  t.test('the same idempotency key makes one deployment', async (t) => {
    const service = await createSite(stack, freshName('once'), { 'index.html': 'x' });
    const key = { 'idempotency-key': 'k1' };
    const answers = await Promise.all([1, 2, 3].map(() => api.post(`/services/${service.id}/deployments`, {}, key)));
    t.equal(new Set(answers.map((answer) => answer.body.id)).size, 1);
    await api.follow(answers[0]!.body.id);
  });

  t.test('bad input gets the right answer and leaves nothing', async (t) => {
    const service = await createSite(stack, freshName('input'), { 'index.html': 'x' });
    const count = async () => (await api.get('/services?limit=200')).body.items.length;
    const before = await count();
    const good = {
      name: freshName('bad'),
      providerId: 'static',
      builderId: 'static',
      providerConfig: { uploadId: '00000000-0000-7000-8000-000000000000' },
      builderConfig: {},
    };
    const wrong: [string, Record<string, unknown>, string][] = [
      ['a name that is no label', { name: 'No Label!' }, '/name'],
      ['a name that is too long', { name: 'x'.repeat(64) }, '/name'],
      ['no name', { name: undefined }, '/name'],
      ['a name of the wrong type', { name: 7 }, '/name'],
      ['an unknown key', { nonsense: true }, '/nonsense'],
      ['a config that is no object', { providerConfig: 'x' }, '/providerConfig'],
      ['an unknown provider', { providerId: 'nothing' }, '/providerId'],
      ['an unknown builder', { builderId: 'nothing' }, '/builderId'],
      ['an unknown runtime', { runtimeId: 'nothing' }, '/runtimeId'],
      ['an unknown config key', { builderConfig: { nonsense: 1 } }, '/builderConfig/nonsense'],
      ['a variable name with a shell in it', { variables: { 'a;b': 'x' } }, '/variables/a;b'],
      ['a variable of the wrong type', { variables: { A: 1 } }, '/variables/A'],
      ['a secret without a value', { variables: { A: { secret: true } } }, '/variables/A/value'],
      ['a hostname that is none', { hostnames: ['a b'] }, '/hostnames/0'],
      ['a hostname of the platform', { hostnames: ['x.localhost'] }, '/hostnames/0'],
      ['a policy that is none', { delivery: { queuePolicy: 'x' } }, '/delivery/queuePolicy'],
      ['an unknown project', { projectId: '00000000-0000-7000-8000-000000000000' }, '/projectId'],
      [
        'a secret without a value, by a name that every object has',
        { variables: { toString: { secret: true } } },
        '/variables/toString/value',
      ],
      ['a NUL in a config', { builderConfig: { index: 'a\u0000b' } }, '/builderConfig/index'],
      ['a NUL in a variable', { variables: { A: 'a\u0000b' } }, '/variables/A'],
      ['half a character in a variable', { variables: { A: '\ud800' } }, '/variables/A'],
    ];
    for (const [what, change, path] of wrong) {
      const answer = await api.post('/services', { ...good, ...change });
      t.ok(answer.status === 400 || answer.status === 422, `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
      t.ok(
        answer.body.errors?.some((error: { path: string }) => error.path === path),
        `${what}: ${path} in ${JSON.stringify(answer.body.errors)}`,
      );
      t.match(answer.headers.get('content-type'), 'application/problem+json');
    }
    t.equal(await count(), before, 'nothing was created');

    const unknown = '00000000-0000-7000-8000-000000000000';
    for (const path of [
      `/services/${unknown}`,
      `/deployments/${unknown}`,
      `/projects/${unknown}`,
      `/deployments/${unknown}/logs`,
      `/deployments/${unknown}/events`,
      `/services/${unknown}/deployments`,
      '/providers/nothing',
      '/builders/nothing/schema',
      '/nowhere',
    ]) {
      t.equal((await api.get(path)).status, 404, path);
    }
    t.equal((await api.get('/services/not-an-id')).status, 400);
    t.equal((await api.get('/services?cursor=nonsense')).status, 400);
    t.equal((await api.get('/services?limit=0')).status, 400);
    t.equal((await api.get('/services?unknown=1')).status, 400);
    t.equal((await api.post(`/services/${unknown}/deployments`, {})).status, 404);
    t.match(await api.post(`/services/${service.id}/deployments`, { environment: 'No!' }), {
      status: 400,
      body: { errors: [{ path: '/environment' }] },
    });
    t.match(await api.post(`/services/${service.id}/deployments`, { ref: 7 }), {
      status: 400,
      body: { errors: [{ path: '/ref' }] },
    });
    t.equal(
      (await api.raw('POST', '/services', { body: '{', headers: { 'content-type': 'application/json' } })).status,
      400,
    );
    t.equal((await api.raw('POST', '/services', { body: 'x', headers: { 'content-type': 'text/plain' } })).status, 415);
    t.equal(
      (
        await api.raw('POST', '/services', {
          body: JSON.stringify({ name: 'x'.repeat(2_000_000) }),
          headers: { 'content-type': 'application/json' },
        })
      ).status,
      413,
    );
    t.match(await api.upload(Buffer.from('this is no archive'), 'application/gzip'), {
      status: 422,
      body: { code: 'archive_invalid' },
    });
    t.equal((await api.upload(Buffer.from('x'), 'application/x-nonsense')).status, 415);
    t.equal((await api.upload(Buffer.from('{}'), 'application/json')).status, 415);
    t.equal((await api.get('/services?search=%00')).status, 400);
    const missing = await api.post('/services', { ...good });
    t.equal(missing.status, 201, 'an upload may come later');
    t.match(await api.deploy(missing.body.id), {
      status: 'failed',
      error: { code: 'upload_not_found', stage: 'resolve', hint: String },
    });
  });

  t.test('what is kept is told with its reasons', async (t) => {
    const { body: upload } = await api.upload(packTarGz([{ name: 'index.html', body: 'kept' }]), 'application/gzip');
    const service = { name: 'kept', providerId: 'static', builderId: 'static', builderConfig: {} };
    const created = await api.post('/services', { ...service, providerConfig: { uploadId: upload.id } });
    const { id, artifact } = await api.deploy(created.body.id);
    const { status, body } = await api.get('/storage?limit=1000');
    t.equal(status, 200);
    const found = body.artifacts.items.find((each: { digest: string }) => each.digest === artifact?.digest);
    t.match(found, { kind: 'files', keptFor: [{ reason: 'live', deploymentId: id, serviceId: created.body.id }] });
    t.match(
      body.uploads.items.find((each: { id: string }) => each.id === upload.id),
      { inUse: true, keptUntil: /^\d{4}-.*Z$/ },
    );
    t.ok(body.artifacts.bytes >= found.bytes && body.disk.freeBytes > 0);
    await api.delete(`/services/${created.body.id}`);
  });

  t.test('workers tell what they can do', async (t) => {
    const [worker] = (await api.get('/workers')).body;
    t.match(worker, {
      id: String,
      slots: Number,
      capabilities: { providers: Array, builders: Array, runtimes: Array },
    });
    const docker = worker.capabilities.runtimes.find((each: { id: string }) => each.id === 'docker');
    t.equal(docker.available, noDocker === false);
  });
});
