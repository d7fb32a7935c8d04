import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { createCatalogClient } from './catalog-client.js';

/** A catalog that answers as a test says; on a given port, or a free one. */
async function serve(t: Test, listener: RequestListener, port = 0) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  t.teardown(close);
  return { port: (server.address() as AddressInfo).port, close };
}

const clientOf = (port: number) => createCatalogClient(`http://127.0.0.1:${port}`, 'token', () => undefined);

t.test('a question whose connection broke off is asked again, body and all', async (t) => {
  const bodies: string[] = [];
  const { port } = await serve(t, async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    if (bodies.length === 1) request.socket.destroy();
    else response.end('{"valid":true}');
  });
  t.match(await clientOf(port).forward('POST', '/validate', { config: 1 }), { status: 200, text: '{"valid":true}' });
  t.same(bodies, ['{"config":1}', '{"config":1}']);
});

t.test('a catalog that is started anew is waited for', async (t) => {
  const first = await serve(t, (_request, response) => void response.end('old'));
  const client = clientOf(first.port);
  t.match(await client.forward('GET', '/'), { text: 'old' });
  await first.close();
  const answer = client.forward('GET', '/');
  await serve(t, (_request, response) => void response.end('new'), first.port);
  t.match(await answer, { text: 'new' });
});

t.test('an answer is an answer: it is not asked for again', async (t) => {
  let asked = 0;
  const { port } = await serve(t, (_request, response) => {
    asked += 1;
    response.writeHead(500).end('no');
  });
  t.match(await clientOf(port).forward('GET', '/'), { status: 500 });
  t.equal(asked, 1);
});

t.test('a catalog that stays away is told', async (t) => {
  const { port, close } = await serve(t, () => {});
  await close();
  await t.rejects(clientOf(port).forward('GET', '/'), { name: 'WorldError', code: 'catalog_unavailable' });
});
