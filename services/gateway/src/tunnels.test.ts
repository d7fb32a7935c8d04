import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { type ClientOptions, WebSocket } from 'ws';
import {
  ask,
  deadPort,
  gatewayFor,
  MemoryRoutes,
  rawUpstreamFor,
  release,
  route,
  sendRaw,
  until,
  upstreamFor,
  webSocketUpstreamFor,
} from './fixtures/gateway-fixture.js';

const connect = (url: string, protocols: string[] = [], options: ClientOptions = {}) =>
  new WebSocket(url.replace('http', 'ws'), protocols, {
    ...options,
    headers: { host: 'app.test', ...options.headers },
  });

async function opened(url: string, protocols: string[] = [], options: ClientOptions = {}) {
  const socket = connect(url, protocols, options);
  await once(socket, 'open');
  return socket;
}

const closing = async (socket: WebSocket) => {
  const [code, reason] = await once(socket, 'close');
  return { code, reason: String(reason) };
};

async function echo(t: Parameters<typeof gatewayFor>[0], protocols?: string[]) {
  const upstream = await webSocketUpstreamFor(t, protocols);
  upstream.sockets.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', upstream.port)]));
  return { ...upstream, gateway };
}

t.test('text and binary messages pass both ways, of any size, in order', async (t) => {
  const { gateway } = await echo(t);
  const socket = await opened(gateway.url);
  const messages = ['hello', Buffer.from([0, 255, 1]), '', 'ü'.repeat(300_000), Buffer.alloc(3_000_000, 7)];
  const seen: { data: Buffer; binary: boolean }[] = [];
  socket.on('message', (data: Buffer, binary) => seen.push({ data, binary }));
  for (const message of messages) socket.send(message);
  await until(() => seen.length === messages.length);
  for (const [at, message] of messages.entries()) {
    t.equal(seen[at]?.binary, typeof message !== 'string');
    t.ok(seen[at]?.data.equals(Buffer.from(message)));
  }
  socket.close();
});

t.test('what the upstream sends at once after its consent is not lost', async (t) => {
  const { sockets, port } = await webSocketUpstreamFor(t);
  sockets.on('connection', (socket) => {
    socket.send('one');
    socket.send('two');
    socket.close(4000, 'bye');
  });
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', port)]));
  const socket = connect(gateway.url);
  const seen: string[] = [];
  socket.on('message', (data) => seen.push(String(data)));
  t.same(await closing(socket), { code: 4000, reason: 'bye' });
  t.same(seen, ['one', 'two']);
});

t.test('the upstream chooses the subprotocol, or none', async (t) => {
  const { gateway } = await echo(t, ['second']);
  const socket = await opened(gateway.url, ['first', 'second']);
  t.equal(socket.protocol, 'second');
  socket.close();
  const answer = await sendRaw(Number(new URL(gateway.url).port), `${handshake}Sec-WebSocket-Protocol: other\r\n\r\n`);
  t.match(answer, /^HTTP\/1\.1 101 /);
  t.notMatch(answer, /sec-websocket-protocol/i);
});

t.test('the upstream sees path, cookies, origin and the edge headers, and its own cookie arrives', async (t) => {
  const { sockets, server, gateway } = await echo(t);
  sockets.on('headers', (lines) => lines.push('Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Pierhead-Node: 1'));
  const asked = once(server, 'upgrade');
  const socket = connect(`${gateway.url}/a/../b%2F?q=%`, [], {
    headers: { cookie: 'c=3', origin: 'http://app.test', 'x-forwarded-for': '6.6.6.6', 'x-pierhead-user': 'root' },
    finishRequest: (request) => {
      request.path = '/a/../b%2F?q=%';
      request.end();
    },
  });
  const [answer] = await once(socket, 'upgrade');
  const [request] = await asked;
  t.equal(request.url, '/a/../b%2F?q=%');
  t.match(request.headers, {
    host: 'app.test',
    cookie: 'c=3',
    origin: 'http://app.test',
    'x-forwarded-for': '127.0.0.1',
  });
  t.equal(request.headers['x-pierhead-user'], undefined);
  t.same(answer.headers['set-cookie'], ['a=1', 'b=2']);
  t.equal(answer.headers['x-pierhead-node'], undefined);
  socket.close();
});

t.test('close codes and reasons pass both ways', async (t) => {
  const { sockets, gateway } = await echo(t);
  const [atUpstream, one] = await Promise.all([once(sockets, 'connection'), opened(gateway.url)]);
  const told = closing(atUpstream[0]);
  one.close(4321, 'done');
  t.same(await told, { code: 4321, reason: 'done' });
  const [second, two] = await Promise.all([once(sockets, 'connection'), opened(gateway.url)]);
  const learned = closing(two);
  second[0].close();
  t.same(await learned, { code: 1005, reason: '' });
});

t.test('a dead upstream closes the client with 1014, a dead client the upstream with 1001', async (t) => {
  const { sockets, gateway } = await echo(t);
  const [first, one] = await Promise.all([once(sockets, 'connection'), opened(gateway.url)]);
  const learned = closing(one);
  first[0].terminate();
  t.match(await learned, { code: 1014 });
  const [second, two] = await Promise.all([once(sockets, 'connection'), opened(gateway.url)]);
  const told = closing(second[0]);
  two.terminate();
  t.match(await told, { code: 1001 });
});

t.test('pings travel end to end', async (t) => {
  const { sockets, gateway } = await echo(t);
  const [upstream, socket] = await Promise.all([once(sockets, 'connection'), opened(gateway.url)]);
  const pinged = once(upstream[0], 'ping');
  socket.ping('beat');
  t.equal(String((await pinged)[0]), 'beat');
  t.equal(String((await once(socket, 'pong'))[0]), 'beat');
  socket.close();
});

t.test('a client that does not read holds the upstream back', async (t) => {
  const { sockets, port } = await webSocketUpstreamFor(t);
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', port)]));
  const [[upstream], socket] = await Promise.all([once(sockets, 'connection'), opened(gateway.url)]);
  socket.pause();
  const chunk = Buffer.alloc(64 * 1024);
  for (let count = 0; count < 1_600; count += 1) upstream.send(chunk);
  let before = -1;
  while (upstream.bufferedAmount !== before) {
    before = upstream.bufferedAmount;
    await delay(200);
  }
  t.ok(before > 50 * 1024 * 1024, `${Math.round(before / 1024 / 1024)} of 100 MB wait at the upstream`);
  let bytes = 0;
  socket.on('message', (data: Buffer) => (bytes += data.length));
  socket.resume();
  await until(() => bytes === 1_600 * chunk.length, 20_000);
  t.equal(upstream.bufferedAmount, 0);
  socket.close();
});

t.test('an upstream that refuses the WebSocket answers in its own words', async (t) => {
  const upstream = await upstreamFor(t);
  upstream.server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nlogin');
  });
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', upstream.port)]));
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
  };
  const answer = await ask(gateway.url, { headers });
  t.match(answer, { status: 401, body: 'login', headers: { 'www-authenticate': 'Basic' } });
});

t.test('an upstream that is down, dumb or speaks no WebSocket gives 502 or 504', async (t) => {
  const silent = await rawUpstreamFor(t, () => {});
  const liar = await rawUpstreamFor(t, (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'),
    );
  });
  const cases: [number, number][] = [
    [await deadPort(), 502],
    [silent.port, 504],
    [liar.port, 502],
  ];
  for (const [port, status] of cases) {
    const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', port)]), { answerMs: 100 });
    t.match(await sendRaw(Number(new URL(gateway.url).port), `${handshake}\r\n`), new RegExp(`^HTTP/1.1 ${status} `));
  }
});

t.test('a dead replica costs no WebSocket', async (t) => {
  const { port } = await webSocketUpstreamFor(t);
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', await deadPort(), port)]));
  for (let count = 0; count < 4; count += 1) (await opened(gateway.url)).close();
  t.pass('each one opened');
});

t.test('malformed handshakes and unknown hosts are refused, and leave nothing open', async (t) => {
  const { gateway, sockets } = await echo(t);
  const port = Number(new URL(gateway.url).port);
  t.match(await sendRaw(port, `${handshake.replace('app.test', 'other.test')}\r\n`), /^HTTP\/1\.1 404 /);
  t.match(await sendRaw(port, `${handshake.replace(key, 'short')}\r\n`), /^HTTP\/1\.1 400 /);
  t.match(await sendRaw(port, `${handshake}Sec-WebSocket-Protocol: a,,b\r\n\r\n`), /^HTTP\/1\.1 400 /);
  t.match(await sendRaw(port, `${handshake.replace('GET', 'POST')}\r\n`), /^HTTP\/1\.1 (?:400|404|405) /);
  await until(() => sockets.clients.size === 0);
  t.match((await ask(`${gateway.adminUrl}/metrics`)).body, /pierhead_gateway_websockets\{.*\} 0/);
});

t.test('an upgrade behind an unanswered request ends the connection, not the gateway', async (t) => {
  let arrived = 0;
  let left = 0;
  const { gateway, port } = await release(t, (_request, response) => {
    arrived += 1;
    response.on('close', () => (left += 1));
  });
  for (const [at, upgrade] of [handshake, handshake.replace('websocket', 'h2c')].entries()) {
    const socket = net.connect(port, '127.0.0.1');
    const closed = once(socket, 'close');
    socket.write('GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n');
    await until(() => arrived === at + 1);
    socket.write(`${upgrade}\r\n`);
    await closed;
    t.equal(socket.bytesRead, 0);
    await until(() => left === at + 1);
  }
  t.match(await ask(`${gateway.adminUrl}/health`), { status: 200 });
});

t.test('open WebSockets are counted, and closed with 1001 when the gateway closes', async (t) => {
  const { gateway, sockets } = await echo(t);
  const [[upstream], socket] = await Promise.all([once(sockets, 'connection'), opened(gateway.url)]);
  t.match((await ask(`${gateway.adminUrl}/metrics`)).body, /pierhead_gateway_websockets\{.*\} 1/);
  const [learned, told] = [closing(socket), closing(upstream)];
  await gateway.close();
  t.match(await learned, { code: 1001 });
  t.match(await told, { code: 1001 });
});

t.test('a client that never acknowledges the close does not hold the gateway up', async (t) => {
  const { gateway } = await echo(t);
  const socket = await opened(gateway.url);
  socket.pause();
  const started = Date.now();
  await gateway.close();
  t.ok(Date.now() - started < 3_000);
  socket.terminate();
});

t.test('a plain request to a WebSocket path stays a plain request', async (t) => {
  const { gateway } = await release(t, (_request, response) => response.writeHead(426).end('upgrade, please'));
  t.match(await ask(gateway.url), { status: 426, body: 'upgrade, please' });
});

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const handshake = [
  'GET / HTTP/1.1',
  'Host: app.test',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${key}`,
  '',
].join('\r\n');
