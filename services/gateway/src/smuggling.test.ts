import t from 'tap';
import { release, sendRaw } from './fixtures/gateway-fixture.js';

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n';
const post = (framing: string, body: string) => `POST / HTTP/1.1\r\nHost: app.test\r\n${framing}\r\n\r\n${body}`;

const ambiguous: Record<string, string> = {
  'length and chunked': post('Content-Length: 5\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`),
  'chunked and length': post('Transfer-Encoding: chunked\r\nContent-Length: 4', `5c\r\n${smuggled}0\r\n\r\n`),
  'two lengths': post('Content-Length: 0\r\nContent-Length: 50', smuggled),
  'a list of lengths': post('Content-Length: 0, 50', smuggled),
  'a signed length': post('Content-Length: +0', smuggled),
  'a hexadecimal length': post('Content-Length: 0x10', smuggled),
  'a space before the colon': post('Transfer-Encoding : chunked', `0\r\n\r\n${smuggled}`),
  'an obscured coding': post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`),
  'two codings': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `0\r\n\r\n${smuggled}`),
  'a coding before chunked': post('Transfer-Encoding: gzip, chunked', `0\r\n\r\n`),
  'a folded header': post('X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\tx', smuggled),
  'a bare line feed': `GET / HTTP/1.1\nHost: app.test\n\n${smuggled}`,
  'a bare carriage return': `GET / HTTP/1.1\r\nHost: app.test\rX: y\r\n\r\n${smuggled}`,
  'a NUL in a header': `GET / HTTP/1.1\r\nHost: app.test\r\nX: a\0b\r\n\r\n${smuggled}`,
  'a chunk size with a sign': post('Transfer-Encoding: chunked', `+0\r\n\r\n${smuggled}`),
  'a chunk larger than its size': post('Transfer-Encoding: chunked', `1\r\nabc\r\n0\r\n\r\n${smuggled}`),
  'a chunk size beyond all bounds': post('Transfer-Encoding: chunked', `fffffffffffffffff\r\nabc\r\n${smuggled}`),
  'a newer version': `GET / HTTP/9.9\r\nHost: app.test\r\n\r\n${smuggled}`,
  'endless headers': `GET / HTTP/1.1\r\nHost: app.test\r\nX: ${'x'.repeat(100_000)}\r\n\r\n${smuggled}`,
};

t.test('ambiguous requests are refused, and nothing that follows them on the connection is served', async (t) => {
  const paths: (string | undefined)[] = [];
  const { port } = await release(t, (request, response) => {
    paths.push(request.url);
    request.resume();
    request.on('error', () => {});
    request.on('end', () => response.end('ok'));
  });
  for (const [name, bytes] of Object.entries(ambiguous)) {
    const answer = await sendRaw(port, bytes);
    t.match(answer, /^HTTP\/1\.1 (?:400|431|501|505) /, name);
    t.notMatch(answer, /HTTP\/1\.1 2/, name);
  }
  t.notOk(paths.includes('/smuggled'), 'no smuggled request arrived');
});

t.test('requests in a pipeline stay apart, each with its own host', async (t) => {
  const seen: string[] = [];
  const { port } = await release(t, (request, response) => {
    seen.push(`${request.headers.host}${request.url}`);
    request.resume();
    request.on('end', () => response.end('ok'));
  });
  const first = post('Content-Length: 47', 'GET /inner HTTP/1.1\r\nHost: app.test\r\n\r\n--------');
  const last = 'GET /last HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n';
  const answer = await sendRaw(port, first + last);
  t.match(answer, /^HTTP\/1\.1 200 .*HTTP\/1\.1 404 /s);
  t.same(seen, ['app.test/']);
});
