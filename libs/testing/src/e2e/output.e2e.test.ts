import { createClient, followOutput } from '@pierhead/client';
import { callEngine, listContainers } from '@pierhead/docker';
import t from 'tap';
import { dockerMissing, ensureBaseImages, removeTestImages, testEngine } from '../docker.js';
import { testStack } from '../stack.js';
import { until } from '../until.js';
import { visit } from '../visit.js';
import { createApp, freshName, removeService } from './scenarios.js';

t.setTimeout(180_000);

const files = {
  Dockerfile: 'FROM node:20-slim\nCOPY server.js .\nCMD ["node", "server.js"]\n',
  'server.js': `import('node:http').then(({ createServer }) => {
  const { VERSION, PORT } = process.env;
  console.log(VERSION + ' starts');
  const server = createServer((request, response) => {
    console.log(VERSION + ' ' + request.url);
    if (request.url === '/crash') process.exit(3);
    if (request.url === '/flood') for (let line = 1; line <= 12_000; line += 1) console.log('flood ' + line);
    console.error('answered ' + request.url);
    response.end(VERSION);
  });
  server.listen(PORT);
  process.on('SIGTERM', () => process.exit());
});
`,
};

t.test('what a service writes while it runs', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const stack = await testStack(t, { workers: 1 });
  const { api, gatewayUrl } = stack;
  const name = freshName('writer');
  const service = await createApp(stack, name, files, { variables: { VERSION: 'one' } });
  t.teardown(() => removeService(stack, service.id));
  const path = `/services/${service.id}/logs`;
  const read = async (query = '') => (await api.get(`${path}?limit=10000${query}`)).body.items as { text: string }[];
  const texts = async (query = '') => (await read(query)).map(({ text }) => text);
  const has = (text: string) => until(`it has "${text}"`, async () => (await texts()).includes(text));
  const ask = (at: string) => visit(gatewayUrl, `${name}.localhost`, at);

  const first = await api.deploy(service.id);
  t.teardown(() => removeTestImages([first.artifact!.digest]));
  await ask('/hello');

  await t.test('is there in each form', async (t) => {
    await has('answered /hello');
    const [start, ...rest] = await read();
    t.match(start, { seq: 1, stream: 'stdout', text: 'one starts', deploymentId: first.id, at: String });
    t.match(
      rest.find(({ text }) => text === 'answered /hello'),
      { stream: 'stderr' },
    );
    // The two streams reach the engine each in its own time.
    t.same((await texts('&after=1')).sort(), ['answered /hello', 'one /hello']);
    t.match(await texts('&tail=1'), [/hello/]);
    t.same(await texts('&environment=preview'), []);
    t.match(
      (await api.get(path, { accept: 'text/plain' })).body,
      /^one starts\n(one|answered) \/hello\n(one|answered) \/hello\n$/,
    );
    t.equal((await api.get(`/services/${first.id}/logs`)).status, 404);
  });

  await t.test('goes on through a crash and a new release, each line once', async (t) => {
    await ask('/crash').catch(() => {});
    await until('it runs again', async () => (await ask('/again')).status === 200);
    await has('answered /again');
    await api.patch(`/services/${service.id}`, { variables: { VERSION: 'two' } });
    t.match(await api.deploy(service.id), { status: 'succeeded' });
    await ask('/new');
    await has('answered /new');
    const all = await texts();
    t.same(
      all.filter((text) => text.endsWith('starts')),
      ['one starts', 'one starts', 'two starts'],
    );
    for (const each of ['one /crash', 'one /again', 'two /new'])
      t.equal(all.filter((text) => text === each).length, 1, each);
  });

  await t.test('is followed live', async (t) => {
    const client = createClient({ baseUrl: api.url, token: api.token });
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { text } of followOutput(client, service.id, { tail: 1, signal: stop.signal })) seen.push(text);
    })().catch(() => {});
    await until('the last line is there', async () => seen.length === 1);
    await ask('/live');
    await until('the new lines are there', async () => seen.includes('answered /live'));
    t.same(seen.slice(1).sort(), ['answered /live', 'two /live']);
    stop.abort();
    await following;
  });

  await t.test('is whole, however much comes at once, and bounded', async (t) => {
    await ask('/flood');
    await until('the last line is there', async () => (await texts('&tail=10')).includes('flood 12000'));
    const lines = (await texts('&tail=10000')).filter((text) => text.startsWith('flood'));
    const numbers = lines.map((text) => Number(text.slice('flood '.length)));
    t.equal(numbers.at(-1), 12_000);
    t.ok(numbers.length > 9_000, `${numbers.length} lines`);
    t.ok(
      numbers.every((number, index) => index === 0 || number === numbers[index - 1]! + 1),
      'without a gap',
    );
  });

  await t.test('of a container that is stopped from outside is kept, too', async (t) => {
    const containers = await listContainers(testEngine(), { 'pierhead.service': service.id });
    const container = containers.find(({ labels }) => 'pierhead.deployment' in labels);
    await callEngine(testEngine(), { method: 'POST', path: `/containers/${container!.id}/stop` });
    t.ok((await texts('&tail=10')).length > 0);
  });
});
