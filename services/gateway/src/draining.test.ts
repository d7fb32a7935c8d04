import { once } from 'node:events';
import t from 'tap';
import { WebSocket } from 'ws';
import {
  ask,
  deadPort,
  gatewayFor,
  MemoryRoutes,
  route,
  until,
  upstreamFor,
  webSocketUpstreamFor,
} from './fixtures/gateway-fixture.js';

t.test('what is under way to the old release ends there, and the gateway says until when', async (t) => {
  const asked: (() => void)[] = [];
  const old = await upstreamFor(t, (_request, response) => {
    asked.push(() => response.end('old'));
  });
  const young = await upstreamFor(t, (_request, response) => response.end('young'));
  const before = route('app.test', old.port);
  const source = new MemoryRoutes([before]);
  const gateway = await gatewayFor(t, source);
  const slow = ask(gateway.url, { method: 'POST', body: 'x' });
  await until(() => asked.length > 0);
  source.set([route('app.test', young.port)]);
  await until(() => source.acknowledged.includes(2));
  t.same(source.draining, [before.deploymentId]);
  t.equal((await ask(gateway.url)).body, 'young');
  asked[0]?.();
  t.equal((await slow).body, 'old');
  await until(() => source.draining.length === 0);
});

t.test('a WebSocket to the old release is closed with 1001 once its time is over', async (t) => {
  const old = await webSocketUpstreamFor(t);
  old.sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`old ${data}`)));
  const young = await upstreamFor(t);
  const before = { ...route('app.test', old.port), drainSeconds: 0.4 };
  const source = new MemoryRoutes([before]);
  const gateway = await gatewayFor(t, source);
  const socket = new WebSocket(gateway.url.replace('http', 'ws'), { headers: { host: 'app.test' } });
  await once(socket, 'open');
  source.set([route('app.test', young.port)]);
  await until(() => source.draining.includes(before.deploymentId));
  socket.send('still here');
  t.equal(String((await once(socket, 'message'))[0]), 'old still here');
  t.equal((await once(socket, 'close'))[0], 1001);
  await until(() => source.draining.length === 0);
});

t.test('a release that nothing is under way to is done with at once', async (t) => {
  const old = await upstreamFor(t);
  const source = new MemoryRoutes([route('app.test', old.port)]);
  const gateway = await gatewayFor(t, source);
  await ask(gateway.url);
  source.set([route('app.test', (await upstreamFor(t)).port)]);
  await until(() => source.acknowledged.includes(2));
  t.same(source.draining, []);
});

t.test('a replica that cannot be reached is asked last for a while', async (t) => {
  const alive = await upstreamFor(t, (_request, response) => response.end('alive'));
  const source = new MemoryRoutes([route('app.test', await deadPort(), alive.port)]);
  const gateway = await gatewayFor(t, source);
  const post = () => ask(gateway.url, { method: 'POST', body: 'x' }).then(({ status }) => status);
  t.equal((await ask(gateway.url)).body, 'alive');
  await ask(gateway.url);
  const answers = [];
  for (let count = 0; count < 6; count += 1) answers.push(await post());
  t.same(answers, Array(6).fill(200), 'not even what may not be sent twice reaches it');
});
