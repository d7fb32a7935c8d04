import { setTimeout as delay } from 'node:timers/promises';
import { callEngine } from '@pierhead/docker';
import t from 'tap';
import { dockerMissing, ensureBaseImages, removeTestImages, testEngine } from '../docker.js';
import { testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { createApp, freshName, removeService } from './scenarios.js';

t.setTimeout(180_000);

/** Writes each start to its volume, and ends at once where another holds on to it. */
const files = {
  Dockerfile: 'FROM node:20-slim\nRUN mkdir /data\nCOPY server.js .\nCMD ["node", "server.js"]\n',
  'server.js': `import('node:fs').then(async ({ appendFileSync, closeSync, openSync, readFileSync, rmSync }) => {
  const { VERSION, PORT } = process.env;
  if (VERSION === 'broken') { console.log('it is broken'); process.exit(2); }
  try { closeSync(openSync('/data/lock', 'wx')); } catch { console.log('somebody writes already'); process.exit(5); }
  process.on('SIGTERM', () => { rmSync('/data/lock'); process.exit(0); });
  appendFileSync('/data/starts', VERSION + ' ');
  const { createServer } = await import('node:http');
  createServer((request, response) => response.end(readFileSync('/data/starts'))).listen(PORT);
});
`,
};

t.test('a volume that one release at a time may write to', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const stack = await testStack(t, { workers: 2 });
  const { api, gatewayUrl } = stack;
  const name = freshName('keeping');
  const service = await createApp(stack, name, files, {
    runtimeConfig: { volumes: [{ name: 'files', path: '/data' }], resources: { pids: 100 } },
    variables: { VERSION: 'one' },
    delivery: { drainSeconds: 2 },
  });
  t.teardown(() => removeService(stack, service.id));
  const first = await api.deploy(service.id);
  t.match(first, { status: 'succeeded' });
  t.teardown(() => removeTestImages([first.artifact!.digest]));

  /** Deploys while somebody visits, and answers how that ended and what the visitor saw. */
  const deploy = async (version: string) => {
    await api.patch(`/services/${service.id}`, { variables: { VERSION: version } });
    const deployment = api.deploy(service.id);
    let ended = false;
    const seen: string[] = [];
    const visits: Promise<unknown>[] = [];
    const visiting = (async () => {
      while (!ended) {
        const page = visit(gatewayUrl, `${name}.localhost`).then(
          ({ status, text }) => `${status} ${text.trim()}`,
          (error) => error.message,
        );
        visits.push(page.then((each) => seen.push(each)));
        await delay(20);
      }
    })();
    const outcome = await deployment.finally(() => {
      ended = true;
    });
    await visiting;
    await Promise.all(visits);
    const { body: log } = await api.get(`/deployments/${outcome.id}/logs`, { accept: 'text/plain' });
    return { outcome, seen, log };
  };

  await t.test('is kept from release to release, and requests only wait', async (t) => {
    const { outcome, seen, log } = await deploy('two');
    t.match(outcome, { status: 'succeeded', error: null });
    t.same([...new Set(seen)].sort(), ['200 one', '200 one two'], `${seen.length} requests`);
    t.match(log, /requests wait from now on.*one release at a time may write to the volume files/);
    t.match(log, /requests go on, \d+ ms later/);
  });

  await t.test('goes back to the old release where the new one does not come up', async (t) => {
    const { outcome, seen, log } = await deploy('broken');
    t.match(outcome, { status: 'failed', error: { code: 'app_exited', line: 'it is broken' } });
    t.same([...new Set(seen)].sort(), ['200 one two', '200 one two two'], `${seen.length} requests`);
    t.match(log, /starting the release before again/);
    t.match((await api.get(`/services/${service.id}`)).body.live, { status: 'succeeded' });
  });

  await t.test('is there for a rollback too', async (t) => {
    const back = await api.post(`/services/${service.id}/rollback`, {});
    t.match(await api.follow(back.body.id), { status: 'succeeded' });
    t.match(await visit(gatewayUrl, `${name}.localhost`), { status: 200, text: 'one two two one' });
  });

  await t.test('goes with its service', async () => {
    const volumes = async () => {
      const query = { filters: { label: [`pierhead.service=${service.id}`] } };
      const call = { method: 'GET', path: '/volumes', query } as const;
      return (await callEngine<{ Volumes: { Name: string }[] | null }>(testEngine(), call)).Volumes ?? [];
    };
    t.match(await volumes(), [{ Name: `pierhead-${service.id}-production-files` }]);
    await removeService(stack, service.id);
    await until('the volume is gone', async () => (await volumes()).length === 0);
  });
});
