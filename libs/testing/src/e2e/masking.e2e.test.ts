import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { dockerMissing, ensureBaseImages, removeTestImages } from '../docker.js';
import { testStack } from '../stack.js';
import { until } from '../until.js';
import { createApp, freshName, removeService } from './scenarios.js';

t.setTimeout(180_000);

const files = {
  Dockerfile: 'FROM node:20-slim\nCOPY server.js .\nCMD ["node", "server.js"]\n',
  'server.js': `const { KEY, PORT, CRASH } = process.env;
console.log('plain ' + KEY);
console.error('base64 ' + Buffer.from('user:' + KEY).toString('base64'));
console.log('url ' + encodeURIComponent(KEY));
console.log('length ' + KEY.length);
if (CRASH) throw new Error('cannot connect with ' + KEY);
require('node:http').createServer((request, response) => response.end('hello')).listen(PORT);
`,
};

t.test('an app that writes its secrets down is not believed', { skip: await dockerMissing() }, async (t) => {
  await ensureBaseImages();
  const stack = await testStack(t, { workers: 1 });
  const { api } = stack;
  const key = `a secret/${randomBytes(12).toString('base64')}`;
  const hides = (what: unknown, t: Test) => {
    const text = JSON.stringify(what);
    const forms = [key, encodeURIComponent(key), Buffer.from(`user:${key}`).toString('base64').slice(0, -4)];
    for (const form of forms) t.notOk(text.includes(JSON.stringify(form).slice(1, -1)));
  };
  const variables = { KEY: { secret: true, value: key } };
  const service = await createApp(stack, freshName('blabber'), files, { variables });
  t.teardown(() => removeService(stack, service.id));
  const release = await api.deploy(service.id);
  t.teardown(() => removeTestImages([release.artifact!.digest]));

  await t.test('in its own output', async (t) => {
    const read = async () => (await api.get(`/services/${service.id}/logs`)).body.items as { text: string }[];
    await until('it is there', async () => (await read()).some(({ text }) => text.startsWith('length')));
    const lines = (await read()).map(({ text }) => text);
    for (const line of ['plain ***', `length ${key.length}`, 'url ***']) t.ok(lines.includes(line), line);
    hides(lines, t);
  });

  await t.test('in what a command writes', async (t) => {
    const command = ['node', '-e', 'console.log("it is " + process.env.KEY)'];
    const { body } = await api.post(`/services/${service.id}/commands`, { command });
    const read = async () => (await api.get(`/commands/${body.id}/logs`)).body.items as { text: string }[];
    await until('it is there', async () => (await read()).length > 0);
    t.match(await read(), [{ text: 'it is ***' }]);
  });

  await t.test('in the reason why it does not start', async (t) => {
    await api.patch(`/services/${service.id}`, { variables: { CRASH: 'yes' } });
    const failed = await api.deploy(service.id);
    t.equal(failed.status, 'failed');
    t.match(JSON.stringify(failed.error), 'cannot connect with ***');
    hides(failed, t);
    hides((await api.get(`/deployments/${failed.id}/logs?limit=10000`)).body, t);
  });
});
