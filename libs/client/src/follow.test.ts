import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type Client, createClient } from './create-client.js';
import { followEvents, followLogs } from './follow.js';

type Connection = (response: ServerResponse) => void;

/** A server whose nth connection does what the nth function says. */
async function server(
  t: Test,
  ...connections: Connection[]
): Promise<{ client: Client; asked: IncomingHttpHeaders[] }> {
  const asked: IncomingHttpHeaders[] = [];
  const http = createServer((request, response) => {
    connections[asked.length]!(response);
    asked.push(request.headers);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { client: createClient({ baseUrl: `http://127.0.0.1:${port}`, token: 'secret' }), asked };
}

const id = '01890000-0000-7000-8000-000000000000';
const stream = (response: ServerResponse, text: string) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(text);
};
const line = (seq: number) => `id: ${seq}\nevent: line\ndata: ${JSON.stringify({ seq, text: `line ${seq} ä` })}\n\n`;
const end = 'event: end\ndata: {"status":"succeeded"}\n\n';
const problem = (status: number, code: string) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: '', status, detail: code, code, requestId: 'r' }));
};

async function seqs(lines: AsyncIterable<{ seq: number }>) {
  const seen = [];
  for await (const { seq } of lines) seen.push(seq);
  return seen;
}

t.test('a log goes on where it was cut off, also inside a line, and over a server that is away', async (t) => {
  const { client, asked } = await server(
    t,
    (response) => {
      stream(response, `:\n\n${line(1)}${line(2)}${line(3).slice(0, 30)}`);
      setImmediate(() => setImmediate(() => response.destroy()));
    },
    (response) => response.destroy(),
    problem(503, 'catalog_unavailable'),
    (response) => {
      stream(response, line(3));
      response.end();
    },
    (response) => {
      stream(response, end);
    },
  );
  t.same(await seqs(followLogs(client, id)), [1, 2, 3]);
  t.same(
    asked.map((headers) => headers['last-event-id']),
    [undefined, '2', '2', '2', '3'],
  );
  t.ok(asked.every((headers) => headers.authorization === 'Bearer secret'));
});

t.test('a refusal is thrown at once, at the start and after a lost connection', async (t) => {
  const away = await server(t, problem(404, 'deployment_not_found'));
  await t.rejects(seqs(followLogs(away.client, id)), { status: 404, code: 'deployment_not_found', requestId: 'r' });
  const cut = await server(t, (response) => response.writeHead(200).end(), problem(401, 'token_invalid'));
  await t.rejects(seqs(followLogs(cut.client, id)), { status: 401, code: 'token_invalid' });
});

t.test('a deployment is followed over lost connections to its end', async (t) => {
  const state = (status: string) => `event: deployment\ndata: ${JSON.stringify({ status })}\n\n`;
  const { client } = await server(
    t,
    (response) => {
      stream(response, state('queued') + state('running'));
      response.end();
    },
    (response) => stream(response, state('failed')),
  );
  const seen = [];
  for await (const { status } of followEvents(client, id)) seen.push(status);
  t.same(seen, ['queued', 'running', 'failed']);
});

t.test('an abort ends a stream that says nothing', async (t) => {
  const { client } = await server(t, (response) => stream(response, line(1)));
  const stop = new AbortController();
  const lines = followLogs(client, id, { signal: stop.signal });
  t.match(await lines.next(), { value: { seq: 1 } });
  const next = lines.next();
  stop.abort();
  await t.rejects(next, { name: 'AbortError' });
});

t.test('a server that nobody runs is named', async (t) => {
  const client = createClient({ baseUrl: 'http://127.0.0.1:1', token: 'x' });
  await t.rejects(client.GET('/providers'), { code: 'api_unreachable', detail: /127\.0\.0\.1:1 does not answer: .+/ });
});

t.test('an answer that is not of the API says so', async (t) => {
  const { client } = await server(t, (response) => response.writeHead(502).end('<html>'));
  await t.rejects(client.GET('/providers'), { status: 502, code: 'unexpected_answer' });
});
