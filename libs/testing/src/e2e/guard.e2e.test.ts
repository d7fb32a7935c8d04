import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { dockerMissing, ensureBaseImages, removeTestImages } from '../docker.js';
import { testStack } from '../stack.js';
import { visit } from '../visit.js';
import { createApp, freshName, removeService } from './scenarios.js';

t.setTimeout(180_000);

const files = {
  Dockerfile: 'FROM node:20-slim\nCOPY server.js .\nCMD ["node", "server.js"]\n',
  'server.js': `import('node:http').then(({ createServer }) => {
  const { VERSION, PORT } = process.env;
  const server = createServer((request, response) => {
    if (VERSION === 'fails' && request.url !== '/health') response.statusCode = 500;
    response.end(VERSION);
  });
  server.listen(PORT);
  if (VERSION === 'ends') setTimeout(() => { console.log('it had enough'); process.exit(4); }, 2_500);
});
`,
};

t.test('a release that does not hold once it serves', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const stack = await testStack(t, { workers: 1 });
  const { api, gatewayUrl } = stack;
  const name = freshName('guarded');
  const service = await createApp(stack, name, files, {
    runtimeConfig: { healthCheck: { path: '/health' } },
    variables: { VERSION: 'good' },
    delivery: { drainSeconds: 1 },
  });
  t.teardown(() => removeService(stack, service.id));
  const first = await api.deploy(service.id);
  t.match(first, { status: 'succeeded' });
  t.teardown(() => removeTestImages([first.artifact!.digest]));
  await api.patch(`/services/${service.id}`, { delivery: { guardSeconds: 30 } });

  /** Deploys while somebody visits, and answers how that ended and what the visitor saw. */
  const deploy = async (version: string) => {
    await api.patch(`/services/${service.id}`, { variables: { VERSION: version } });
    const deployment = api.deploy(service.id);
    let ended = false;
    const seen: string[] = [];
    const visiting = (async () => {
      while (!ended) {
        const page = await visit(gatewayUrl, `${name}.localhost`).catch((error) => ({
          status: 0,
          text: error.message,
        }));
        seen.push(`${page.status} ${page.text}`);
        await delay(30);
      }
    })();
    const outcome = await deployment.finally(() => {
      ended = true;
    });
    await visiting;
    return { outcome, seen };
  };
  const assertWentBack = async () => {
    t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'good' });
    t.match((await api.get(`/services/${service.id}`)).body, { live: { id: first.id } });
  };

  await t.test('gives way when it fails requests', async (t) => {
    const { outcome, seen } = await deploy('fails');
    t.match(outcome, { status: 'failed', error: { code: 'release_failing', stage: 'switch', message: /5xx/ } });
    t.ok(seen.includes('500 fails'), 'it did serve');
    await assertWentBack();
  });

  await t.test('gives way when it ends', async (t) => {
    const { outcome } = await deploy('ends');
    t.match(outcome, { status: 'failed', error: { stage: 'switch' } });
    t.match(outcome.error?.code, /^(app_exited|release_restarted|release_unhealthy)$/);
    await assertWentBack();
  });
});
