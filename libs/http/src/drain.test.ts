import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { until } from '@pierhead/testing';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { createServer } from './create-server.js';
import { sendEvents } from './event-stream.js';
import { registerHealth } from './health.js';

/** A server whose `/held` answers when it is let go of. */
async function serve(t: Test, shutdownGraceSeconds = 10) {
  const held: (() => void)[] = [];
  const app = await createServer({
    name: 'test',
    version: '0.0.0',
    logger: pino({ level: 'silent' }),
    shutdownGraceSeconds,
  });
  registerHealth(app, { checks: {} });
  app.get('/', async () => ({ said: 'hello' }));
  app.get('/held', () => new Promise((resolve) => held.push(() => resolve({ said: 'late' }))));
  app.get('/events', (request, reply) =>
    sendEvents(request, reply, async function* () {
      yield { id: 7, data: 1 };
      await new Promise(() => {});
    }),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  const { port } = app.server.address() as { port: number };
  return { app, port, held };
}

interface Answer {
  status: number;
  connection: string | undefined;
  body: string;
}

function ask(port: number, path: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent }, async (response) => {
      const body = Buffer.concat(await response.toArray()).toString();
      resolve({ status: response.statusCode ?? 0, connection: response.headers.connection, body });
    });
    asked.on('error', reject).end();
  });
}

const keeping = (t: Test) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  return agent;
};

t.test('a request on a kept connection is answered while the server ends, and is the last there', async (t) => {
  const { app, port } = await serve(t);
  const agent = keeping(t);
  t.match(await ask(port, '/', agent), { status: 200, connection: 'keep-alive' });
  const closed = app.close();
  t.match(await ask(port, '/', agent), { status: 200, connection: 'close', body: /hello/ });
  await closed;
});

t.test('not ready at once, while everything is still answered', async (t) => {
  const { app, port } = await serve(t);
  const agent = keeping(t);
  t.match(await ask(port, '/ready', agent), { status: 200 });
  const closed = app.close();
  t.match(await ask(port, '/ready', agent), { status: 503, body: /about to end/ });
  await closed;
});

t.test('an answer under way is waited for, and is the last of its connection', async (t) => {
  const { app, port, held } = await serve(t);
  const answer = ask(port, '/held', keeping(t));
  await until('it has arrived', async () => held.length === 1);
  const closed = app.close();
  await until('nothing new is accepted', async () => !(await accepts(port)));
  held[0]?.();
  t.match(await answer, { status: 200, connection: 'close', body: /late/ });
  await closed;
});

t.test('what outlives the grace is cut', async (t) => {
  const { app, port, held } = await serve(t, 1);
  const answer = t.rejects(ask(port, '/held', keeping(t)), { code: 'ECONNRESET' });
  await until('it has arrived', async () => held.length === 1);
  await app.close();
  await answer;
});

t.test('an idle connection, and one that never asked, do not hold the end up', async (t) => {
  const { app, port } = await serve(t);
  await ask(port, '/', keeping(t));
  const silent = connect(port, '127.0.0.1');
  await once(silent, 'connect');
  const gone = once(silent, 'close');
  const started = performance.now();
  await app.close();
  t.ok(performance.now() - started < 3_000);
  await gone;
});

t.test('an event stream ends whole, also one that comes meanwhile: its client goes on elsewhere', async (t) => {
  const { app, port } = await serve(t);
  const [first, second, agent] = [keeping(t), keeping(t), keeping(t)];
  await ask(port, '/', second);
  const open = ask(port, '/events', first);
  await until('it is open', async () => app.eventStreams.size === 1);
  await ask(port, '/', agent);
  const closed = app.close();
  t.match(await ask(port, '/events', second), { status: 200 });
  t.match((await open).body, 'id: 7\ndata: 1\n\n');
  await closed;
});

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).once('connect', () => socket.destroy());
  });
