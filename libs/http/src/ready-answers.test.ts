import pino from 'pino';
import t, { type Test } from 'tap';
import { createServer } from './create-server.js';
import { readyAnswer, sendReady } from './ready-answer.js';

/** A server that keeps its answers by `x-view`, and how often its route was run. */
async function start(t: Test) {
  const logger = pino({ level: 'silent' });
  const app = await createServer({ name: 'test', version: '1.0.0', logger, keepReadyBy: ['x-view'] });
  const runs = { count: 0, value: 'first' };
  app.get('/things/:id', (request, reply) => {
    runs.count += 1;
    return sendReady(request, reply, readyAnswer({ value: runs.value, view: request.headers['x-view'] ?? null }));
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  return { app, runs, url: `${url}/things/1` };
}

interface Thing {
  value: string;
  view: string | null;
}

const get = async (url: string, headers = {}) => (await (await fetch(url, { headers })).json()) as Thing;

const headersOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => !['date', 'x-request-id'].includes(name)));

t.test('an answer is made once, and then sent with the same headers', async (t) => {
  const { url, runs } = await start(t);
  const [routed, kept] = [await fetch(url), await fetch(url)];
  t.equal(runs.count, 1);
  t.same(headersOf(kept), headersOf(routed));
  t.match(kept.headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
  t.not(kept.headers.get('x-request-id'), routed.headers.get('x-request-id'));
  t.same(await kept.json(), await routed.json());
});

t.test('a client that has it is told so', async (t) => {
  const { url } = await start(t);
  const etag = (await fetch(url)).headers.get('etag')!;
  const again = await fetch(url, { headers: { 'if-none-match': etag } });
  t.equal(again.status, 304);
  t.equal(again.headers.get('etag'), etag);
  t.equal(await again.text(), '');
});

t.test('another view, another URL and another method are other answers', async (t) => {
  const { url, runs } = await start(t);
  await fetch(url);
  t.equal((await get(url, { 'x-view': 'b' })).view, 'b');
  t.equal((await get(url)).view, null);
  t.equal(runs.count, 2);
  await fetch(`${url}?more=1`);
  t.equal(runs.count, 3);
  t.equal((await fetch(url, { method: 'DELETE' })).status, 405);
  t.equal((await fetch(url, { method: 'HEAD' })).status, 200);
});

t.test('what is forgotten is made anew', async (t) => {
  const { app, url, runs } = await start(t);
  await fetch(url);
  runs.value = 'second';
  t.equal((await get(url)).value, 'first');
  app.readyAnswers?.clear();
  t.equal((await get(url)).value, 'second');
});

t.test('a kept answer is measured like a routed one', async (t) => {
  const { app, url } = await start(t);
  for (let count = 0; count < 3; count += 1) await (await fetch(url)).text();
  const text = await app.metrics.metrics();
  t.match(text, /seconds_count\{server="test",method="GET",route="\/things\/:id",status="200"\} 3/);
});
