import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import t, { type Test } from 'tap';
import { requireToken, type Verify } from './bearer-auth.js';
import { createServer } from './create-server.js';
import { lastEventId, type ServerEvent, sendEvents } from './event-stream.js';

type Make = (signal: AbortSignal, after: number) => AsyncIterable<ServerEvent>;

async function serve(t: Test, make: Make, heartbeatMs?: number, verify?: Verify) {
  const app = await createServer({ name: 'test', version: '1.0.0', logger: pino({ level: 'silent' }) });
  if (verify) requireToken(app, verify);
  app.get('/events', (request, reply) =>
    sendEvents(request, reply, (signal) => make(signal, lastEventId(request) ?? 0), { heartbeatMs }),
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  return { app, url: `${url}/events` };
}

async function open(url: string, headers = {}): Promise<IncomingMessage> {
  const request = httpRequest(url, { headers }).end();
  const [response] = await once(request, 'response');
  return response;
}

async function until(condition: () => boolean) {
  for (let tries = 0; tries < 400 && !condition(); tries++) await delay(5);
  return condition();
}

async function* numbers(after: number, last: number) {
  for (let id = after + 1; id <= last; id++) yield { id, event: 'number', data: { text: `line\n${id}` } };
}

async function* endless(signal: AbortSignal) {
  yield { data: 'first' };
  await once(signal, 'abort');
}

const ids = (body: string) => [...body.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));

t.test('sends events, ends with its source, and resumes after the last one seen', async (t) => {
  const { url } = await serve(t, (_signal, after) => numbers(after, 5));
  const first = await fetch(url);
  t.equal(first.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  t.equal(first.headers.get('cache-control'), 'no-store');
  const body = await first.text();
  t.same(ids(body), [1, 2, 3, 4, 5]);
  t.match(body, 'id: 1\nevent: number\ndata: {"text":"line\\n1"}\n\n');
  const rest = await fetch(url, { headers: { 'last-event-id': '3' } });
  t.same(ids(await rest.text()), [4, 5]);
});

t.test('a stream ends soon after its token has; while that cannot be asked it goes on', async (t) => {
  const owner = { tokenId: null, name: 'ci', scopes: ['read' as const], projects: null };
  let asked = 0;
  let answer = (): typeof owner | null => owner;
  const verify = () => {
    asked += 1;
    return answer();
  };
  const { url } = await serve(t, endless, 5, verify);
  const response = await open(url, { authorization: 'Bearer x' });
  let ended = false;
  response.on('end', () => (ended = true)).resume();
  answer = () => {
    throw new Error('the database is away');
  };
  const before = asked;
  t.ok(await until(() => asked > before + 3));
  t.notOk(ended);
  answer = () => null;
  t.ok(await until(() => ended));
});

t.test('a heartbeat keeps a silent stream open', async (t) => {
  const { url } = await serve(t, endless, 5);
  const response = await open(url);
  let seen = '';
  response.on('data', (chunk) => {
    seen += chunk;
  });
  t.ok(await until(() => seen.split(':\n\n').length > 4));
  response.destroy();
});

t.test('a client that leaves ends the source', async (t) => {
  let ended = false;
  const { app, url } = await serve(t, async function* (signal) {
    yield* endless(signal);
    ended = true;
  });
  const response = await open(url);
  t.equal(app.eventStreams.size, 1);
  response.destroy();
  t.ok(await until(() => ended && app.eventStreams.size === 0));
});

t.test('a closing server ends its streams, even those that ignore every signal', async (t) => {
  const { app, url } = await serve(t, async function* () {
    yield { data: 1 };
    await new Promise(() => {});
  });
  const response = await open(url);
  const body = response.toArray();
  const started = performance.now();
  await app.close();
  t.ok(performance.now() - started < 2_000);
  t.match(Buffer.concat(await body).toString(), 'data: 1');
});

t.test('a closing server cuts off a listener that does not read', async (t) => {
  const { app, url } = await serve(t, async function* () {
    for (;;) yield { data: 'x'.repeat(100_000) };
  });
  const response = await open(url);
  response.on('error', () => {});
  response.pause();
  await app.close();
  t.equal(app.eventStreams.size, 0);
});

t.test('a slow reader slows the source instead of filling memory', async (t) => {
  let produced = 0;
  const { url } = await serve(t, async function* () {
    for (; produced < 100_000; produced++) yield { data: 'x'.repeat(10_000) };
  });
  const response = await open(url);
  response.pause();
  let before = -1;
  const settled = async () => {
    while (before !== produced) {
      before = produced;
      await delay(50);
    }
    return produced;
  };
  t.ok((await settled()) < 5_000);
  response.destroy();
});

t.test('a source that fails ends the stream', async (t) => {
  // biome-ignore lint/correctness/useYield: it fails before it has anything to say
  const { url } = await serve(t, async function* () {
    throw new Error('hunter2');
  });
  const body = await (await fetch(url)).text();
  t.notMatch(body, /hunter2/);
});

t.test('ids and event names cannot break out of their line', async (t) => {
  const { url } = await serve(t, async function* () {
    yield { id: '1\ndata: forged', event: 'a\r\nb', data: 'x\n\ndata: y' };
  });
  const body = await (await fetch(url)).text();
  t.match(body, 'id: 1data: forged\nevent: ab\ndata: "x\\n\\ndata: y"\n\n');
});
