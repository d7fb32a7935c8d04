import http from 'node:http';
import net from 'node:net';
import type { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import {
  ask,
  deadPort,
  gatewayFor,
  MemoryRoutes,
  rawUpstreamFor,
  reflect,
  release,
  route,
  sendRaw,
  until,
  upstreamFor,
} from './fixtures/gateway-fixture.js';

t.test('the upstream sees the host as sent, and an edge that believes no client', async (t) => {
  const { gateway } = await release(t, reflect);
  const answer = await ask(gateway.url, {
    headers: {
      host: 'App.test:8080',
      'x-forwarded-for': '6.6.6.6',
      x_forwarded_for: '6.6.6.6',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-port': '1',
      forwarded: 'for=6.6.6.6',
      'x-real-ip': '6.6.6.6',
      'x-pierhead-user': 'root',
      x_pierhead_user: 'root',
      'proxy-authorization': 'Basic x',
      connection: 'close, x-secret-hop, host, content-length',
      'x-secret-hop': 'gone',
      te: 'trailers',
      'x-kept': 'yes',
      cookie: 'a=1; b=2',
    },
  });
  const { headers } = JSON.parse(answer.body);
  t.strictSame(headers, {
    host: 'App.test:8080',
    connection: 'keep-alive',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'App.test:8080',
    'x-kept': 'yes',
    cookie: 'a=1; b=2',
  });
});

t.test('the client sees the answer without what belongs to the hop behind', async (t) => {
  const { gateway } = await release(t, (_request, response) => {
    response.writeHead(418, [
      ...['set-cookie', 'a=1', 'set-cookie', 'b=2', 'location', '//elsewhere.test/'],
      ...['x-pierhead-node', '10.0.0.1', 'connection', 'x-hop', 'x-hop', '1', 'x-latin', 'caf\xe9'],
    ]);
    response.end('tea');
  });
  const { status, headers, body } = await ask(gateway.url);
  t.match({ status, body }, { status: 418, body: 'tea' });
  t.same(headers['set-cookie'], ['a=1', 'b=2']);
  t.match(headers, { location: '//elsewhere.test/', 'x-latin': 'caf\xe9' });
  t.notMatch(Object.keys(headers).join(), /pierhead|x-hop/);
});

t.test(
  'a request body streams to the upstream while the client still writes, and the answer while it still reads',
  async (t) => {
    const { gateway } = await release(t, (request, response) => {
      request.on('data', (chunk) => response.write(`got ${chunk}`));
      request.on('end', () => response.end('done'));
    });
    const request = http.request(gateway.url, { method: 'POST', headers: { host: 'app.test' } });
    let answered = '';
    request.on('response', (response) => response.on('data', (chunk) => (answered += chunk)));
    request.write('one');
    await until(() => answered === 'got one');
    request.write('two');
    await until(() => answered === 'got onegot two');
    request.end();
    await until(() => answered.endsWith('done'));
    t.pass('in step');
  },
);

t.test('event streams pass unbuffered, headers first', async (t) => {
  let write: (text: string) => void = () => {};
  let left = false;
  const { gateway } = await release(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    write = (text) => response.write(text);
    response.on('close', () => (left = true));
  });
  const request = http.get(gateway.url, { headers: { host: 'app.test' } });
  const response = await new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
  t.equal(response.headers['content-type'], 'text/event-stream');
  let seen = '';
  response.on('data', (chunk) => (seen += chunk));
  response.on('error', () => {});
  write('data: 1\n\n');
  await until(() => seen === 'data: 1\n\n');
  request.destroy();
  await until(() => left);
  t.pass('the upstream learned that the client left');
});

t.test('a client that leaves before the answer frees the upstream', async (t) => {
  let arrived = false;
  let left = false;
  const { gateway } = await release(t, (_request, response) => {
    arrived = true;
    response.on('close', () => (left = true));
  });
  const request = http.get(gateway.url, { headers: { host: 'app.test' } }).on('error', () => {});
  await until(() => arrived);
  request.destroy();
  await until(() => left);
  t.pass('freed');
});

const megabyte = Buffer.alloc(1024 * 1024, 'x');

/** Sends 100 MB as fast as they are taken; `sent.megabytes` tells how far it is. */
async function send100MegabytesTo(stream: Writable, sent: { megabytes: number }) {
  for (; sent.megabytes < 100; sent.megabytes += 1)
    if (!stream.write(megabyte)) await new Promise((resolve) => stream.once('drain', resolve));
  stream.end();
}

/** Waits until nothing more is taken, as nobody reads at the other end. */
async function stalled(sent: { megabytes: number }) {
  let before = -1;
  let looks = 0;
  await until(() => {
    looks = sent.megabytes === before ? looks + 1 : 0;
    before = sent.megabytes;
    return looks > 50 && before > 0;
  });
}

async function bytesOf(stream: AsyncIterable<Buffer>) {
  let bytes = 0;
  for await (const part of stream) bytes += part.length;
  return bytes;
}

t.test('a client that does not read holds its app back, and then gets the 100 MB whole', async (t) => {
  const sent = { megabytes: 0 };
  const { gateway } = await release(t, (_request, response) => void send100MegabytesTo(response, sent));
  const request = http.get(gateway.url, { headers: { host: 'app.test' } });
  const response = await new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
  await stalled(sent);
  t.ok(sent.megabytes < 50, `${sent.megabytes} MB under way, in the buffers of the system for most`);
  t.equal(await bytesOf(response), 100 * megabyte.length);
});

t.test('an app that does not read holds its client back, and then gets the 100 MB whole', async (t) => {
  const sent = { megabytes: 0 };
  let read = () => {};
  const { gateway } = await release(t, (request, response) => {
    read = async () => response.end(String(await bytesOf(request)));
  });
  const request = http.request(gateway.url, { method: 'PUT', headers: { host: 'app.test' } });
  const responded = new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
  const done = send100MegabytesTo(request, sent);
  await stalled(sent);
  t.ok(sent.megabytes < 50, `${sent.megabytes} MB under way, in the buffers of the system for most`);
  read();
  await done;
  t.equal(String(await buffer(await responded)), String(100 * megabyte.length));
});

t.test('requests that wait on a connection behind another one are let go with it', async (t) => {
  let open = 0;
  const { gateway } = await release(t, (request, response) => {
    open += 1;
    response.on('close', () => (open -= 1));
    if (request.url === '/big') for (let count = 0; count < 20; count += 1) response.write(megabyte);
  });
  const socket = net.connect(Number(new URL(gateway.url).port), '127.0.0.1').on('error', () => {});
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
  socket.write(get('/slow') + get('/big').repeat(5));
  await until(() => open === 6);
  socket.destroy();
  await until(() => open === 0);
  t.pass('none is left at the upstream');
});

t.test('an answer without a body may have the headers of the one that there would have been', async (t) => {
  const heads = {
    '/304': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1000\r\n\r\n',
    '/204': 'HTTP/1.1 204 No Content\r\nETag: "a"\r\n\r\n',
    '/head': 'HTTP/1.1 200 OK\r\nETag: "a"\r\nTransfer-Encoding: chunked\r\nTrailer: x-checksum\r\n\r\n',
  };
  const { port } = await rawUpstreamFor(t, (socket) =>
    socket.on('data', (data) => socket.write(heads[String(data).split(' ')[1] as keyof typeof heads])),
  );
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', port)]));
  for (const status of [304, 204, 304])
    t.match(await ask(gateway.url, { path: `/${status}` }), { status, body: '', headers: { etag: '"a"' } });
  const head = await ask(gateway.url, { method: 'HEAD', path: '/head' });
  t.match(head, { status: 200, body: '', headers: { etag: '"a"' } }, 'and it has no trailers');
});

t.test('Expect: 100-continue is answered and the body arrives', async (t) => {
  const { gateway } = await release(t, reflect);
  const request = http.request(gateway.url, { method: 'POST', headers: { host: 'app.test', expect: '100-continue' } });
  request.flushHeaders();
  await new Promise((resolve) => request.on('continue', resolve));
  request.end('later');
  const response = await new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
  t.match(JSON.parse(String(await buffer(response))), { body: 'later' });
});

t.test('a body on GET arrives, and so do trailers of an answer', async (t) => {
  const { gateway } = await release(t, (request, response) => {
    response.setHeader('trailer', 'x-checksum, content-length');
    request.pipe(response, { end: false });
    request.on('end', () => {
      response.addTrailers({ 'x-checksum': 'abc' });
      response.end();
    });
  });
  const answer = await ask(gateway.url, { method: 'GET', body: 'query', headers: { 'content-length': 5 } });
  t.match(answer, { status: 200, body: 'query', trailers: { 'x-checksum': 'abc' } });
});

t.test('an upgrade to something else than websocket is answered as plain HTTP', async (t) => {
  const { port } = await release(t, reflect);
  const offer = 'Host: app.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n';
  const answer = await sendRaw(port, `GET /h2 HTTP/1.1\r\n${offer}\r\n`);
  t.match(answer, /^HTTP\/1\.1 200 .*"url":"\/h2"/s);
  t.notMatch(answer, /h2c|http2-settings/i);
  t.match(await sendRaw(port, `POST / HTTP/1.1\r\n${offer}Content-Length: 2\r\n\r\nhi`), /^HTTP\/1\.1 501 /);
});

t.test('an upstream that is down gives a 502 page, with and without a body', async (t) => {
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', await deadPort())]));
  t.match(await ask(gateway.url), { status: 502, body: /upstream_unreachable/ });
  t.match(await ask(gateway.url, { headers: { accept: 'text/html' } }), { status: 502, body: /<h1>502/ });
  t.match(await ask(gateway.url, { method: 'POST', body: 'x'.repeat(100_000) }), { status: 502 });
  t.match(await ask(gateway.url, { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: 'x' }), {
    status: 502,
  });
});

t.test('a route without an instance gives a 503', async (t) => {
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test')]), { holdMs: 50 });
  t.match(await ask(gateway.url), { status: 503, body: /no_upstreams/ });
});

t.test('requests to a release that makes way wait for the next one, bodies included', async (t) => {
  const upstream = await upstreamFor(t, (request, response) => request.pipe(response));
  const source = new MemoryRoutes([route('app.test')]);
  const gateway = await gatewayFor(t, source);
  const answers = ['one', 'two'].map((body) => ask(gateway.url, { method: 'POST', body }));
  const left = ask(gateway.url, { signal: AbortSignal.timeout(50) }).catch(() => 'left');
  t.equal(await left, 'left');
  source.set([route('other.test', upstream.port), route('app.test')]);
  source.set([route('app.test', upstream.port)]);
  t.match(await Promise.all(answers), [
    { status: 200, body: 'one' },
    { status: 200, body: 'two' },
  ]);
});

t.test('an upstream that does not answer in time gives a 504', async (t) => {
  const { gateway } = await release(t, () => {}, { answerMs: 100 });
  t.match(await ask(gateway.url), { status: 504, body: /upstream_timeout/ });
});

t.test('an upstream that closes mid-answer cuts the client off rather than ending the answer', async (t) => {
  const { gateway } = await release(t, (_request, response) => {
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  });
  await t.rejects(ask(gateway.url));
});

t.test('answers that are no HTTP give a 502 and never stop the gateway', async (t) => {
  const answers = [
    'garbage\r\n\r\n',
    'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-Bad: a\x01b\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    '',
  ];
  for (const answer of answers) {
    const { port } = await rawUpstreamFor(t, (socket) => socket.once('data', () => socket.end(answer, 'latin1')));
    const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', port)]));
    t.match(await ask(gateway.url), { status: 502 }, JSON.stringify(answer));
    t.match(await ask(`${gateway.adminUrl}/health`), { status: 200 });
  }
});

t.test('an upstream that answers before it has read the body is heard', async (t) => {
  const { gateway } = await release(t, (_request, response) => {
    response.writeHead(413).end('too much');
  });
  const request = http.request(gateway.url, { method: 'POST', headers: { host: 'app.test' } });
  request.on('error', () => {});
  request.write('x'.repeat(1_000_000));
  const response = await new Promise<http.IncomingMessage>((resolve) => request.on('response', resolve));
  t.equal(response.statusCode, 413);
  request.destroy();
});

t.test('a body beyond the limit is refused, declared or not', async (t) => {
  const { gateway } = await release(t, reflect, { bodyBytes: 1_000 });
  const body = 'x'.repeat(1_001);
  t.match(await ask(gateway.url, { method: 'POST', body }), { status: 413, body: /body_too_large/ });
  const headers = { 'transfer-encoding': 'chunked' };
  t.match(await ask(gateway.url, { method: 'POST', headers, body }), { status: 413 });
  t.match(await ask(gateway.url, { method: 'POST', headers, body: 'x'.repeat(1_000) }), { status: 200 });
});

t.test('several upstreams share the load, and the least busy comes first', async (t) => {
  const held: http.ServerResponse[] = [];
  const busy = await upstreamFor(t, (request, response) =>
    request.url === '/hold' ? held.push(response) : response.end('busy'),
  );
  const idle = await upstreamFor(t, (request, response) =>
    request.url === '/hold' ? held.push(response) : response.end('idle'),
  );
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', busy.port, idle.port)]));
  const bodies = new Set<string>();
  for (let count = 0; count < 4; count += 1) bodies.add((await ask(gateway.url)).body);
  t.equal(bodies.size, 2, 'equally busy ones take turns');
  const waiting = ask(gateway.url, { path: '/hold' });
  await until(() => held.length === 1);
  const free = new Set<string>();
  for (let count = 0; count < 4; count += 1) free.add((await ask(gateway.url)).body);
  t.equal(free.size, 1, 'the one that holds a request is left alone');
  held[0]?.end();
  await waiting;
});

t.test('a dead replica costs no repeatable request, and one with a body is not sent twice', async (t) => {
  const alive = await upstreamFor(t);
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', alive.port, await deadPort())]));
  const statuses: number[] = [];
  for (let count = 0; count < 6; count += 1)
    statuses.push((await ask(gateway.url, { method: 'POST', body: 'x' })).status);
  t.equal(statuses.filter((status) => status === 502).length, 1, 'it is left alone for a while');
  for (let count = 0; count < 6; count += 1) t.match(await ask(gateway.url), { status: 200 });
});

t.test('a request that reached an upstream is never repeated', async (t) => {
  let arrivals = 0;
  const fatal = (socket: net.Socket) =>
    socket.once('data', () => {
      arrivals += 1;
      socket.destroy();
    });
  const one = await rawUpstreamFor(t, fatal);
  const two = await rawUpstreamFor(t, fatal);
  const gateway = await gatewayFor(t, new MemoryRoutes([route('app.test', one.port, two.port)]));
  t.match(await ask(gateway.url), { status: 502, body: /upstream_failed/ });
  t.equal(arrivals, 1);
});

t.test('an upload that its client abandons does not reach the upstream as a whole one', async (t) => {
  let ended = false;
  let aborted = false;
  const { port } = await release(t, (request) => {
    request.resume();
    request.on('end', () => (ended = true));
    request.on('error', () => (aborted = true));
  });
  for (const framing of ['Content-Length: 100\r\n\r\nhalf', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n']) {
    aborted = false;
    const socket = net.connect(port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nHost: app.test\r\n${framing}`);
    setTimeout(() => socket.destroy(), 50);
    await until(() => aborted);
    t.equal(ended, false);
  }
});
