import http from 'node:http';
import net from 'node:net';
import t from 'tap';
import { ask, release, until } from './fixtures/gateway-fixture.js';

t.test('closing lets requests in flight finish and accepts no new ones', async (t) => {
  const held: http.ServerResponse[] = [];
  const { gateway, port } = await release(
    t,
    (_request, response) => {
      response.write('first ');
      held.push(response);
    },
    { graceMs: 3_000 },
  );
  const agent = new http.Agent({ keepAlive: true });
  const answer = ask(gateway.url, { agent });
  await until(() => held.length === 1);
  const closed = gateway.close();
  t.match(await ask(`${gateway.adminUrl}/ready`), { status: 503 });
  // Until then it goes on listening for a moment; the test's own limit ends the wait.
  while (await accepts(port));
  held[0]?.end('last');
  t.match(await answer, { status: 200, body: 'first last' });
  const started = Date.now();
  await closed;
  t.ok(Date.now() - started < 1_000, 'the kept-alive connection does not hold it up');
  agent.destroy();
});

t.test('what outlives the grace is cut', async (t) => {
  let arrived = false;
  const listener: http.RequestListener = (_request, response) => {
    arrived = response.write('forever');
  };
  const { gateway } = await release(t, listener, { graceMs: 200 });
  const answer = ask(gateway.url);
  answer.catch(() => {});
  await until(() => arrived);
  const started = Date.now();
  await gateway.close();
  t.ok(Date.now() - started < 2_000);
  await t.rejects(answer);
});

t.test('closing twice is closing once', async (t) => {
  const { gateway } = await release(t, (_request, response) => response.end());
  await Promise.all([gateway.close(), gateway.close()]);
  await t.rejects(ask(gateway.url));
  await t.rejects(ask(`${gateway.adminUrl}/health`));
});

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
