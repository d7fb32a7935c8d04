import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError, WorldError } from '@pierhead/model';
import { gitMissing, startGitServer } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { callContext } from './fixture.js';
import { createGitProvider, type GitProviderOptions } from './git-provider.js';

const limits = { listMs: 2_000 };

/** A server of our own, on loopback; its address. */
async function serve(t: Test, answer: (request: IncomingMessage, reply: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/app.git`;
}

const failing = async (url: string, options: GitProviderOptions = {}): Promise<unknown> =>
  createGitProvider({ limits, ...options })
    .resolveRevision({ url, ref: 'main' }, {}, callContext('/').context)
    .then(
      () => null,
      (error: unknown) => error,
    );

const announcement = '001e# service=git-upload-pack\n0000';
const type = { 'content-type': 'application/x-git-upload-pack-advertisement' };

t.test('a source that is down is told from one that refuses', { skip: gitMissing() }, async (t) => {
  for (const status of [500, 502, 503, 504, 429])
    t.test(`status ${status} is the world\u2019s`, async (t) => {
      const url = await serve(t, (_request, reply) => void reply.writeHead(status).end('<html>404 not found</html>'));
      t.type(await failing(url), WorldError);
    });

  for (const status of [401, 403, 404, 410])
    t.test(`status ${status} is the user\u2019s`, async (t) => {
      const url = await serve(t, (_request, reply) => void reply.writeHead(status).end('Bad Gateway'));
      t.type(await failing(url), UserError);
    });

  t.test('a connection that is cut is the world\u2019s', async (t) => {
    const cuts: Record<string, (reply: ServerResponse) => void> = {
      'before an answer': (reply) => reply.destroy(),
      'in the middle of a length': (reply) => {
        reply.writeHead(200, { ...type, 'content-length': 4_000 });
        reply.write(announcement, () => reply.destroy());
      },
      'in the middle of a chunk': (reply) => {
        reply.writeHead(200, type);
        reply.write(`${announcement}0155`, () => reply.destroy());
      },
      'before the first byte of the body': (reply) => {
        reply.writeHead(200, type);
        reply.flushHeaders();
        setImmediate(() => reply.destroy());
      },
    };
    for (const [when, cut] of Object.entries(cuts)) {
      const url = await serve(t, (_request, reply) => cut(reply));
      t.type(await failing(url), WorldError, when);
    }
  });

  t.test('a body that ends early without saying so is the world\u2019s', async (t) => {
    const url = await serve(t, (_request, reply) => void reply.writeHead(200, type).end(announcement));
    t.type(await failing(url), WorldError);
  });

  t.test('a resolver that does not answer is the world\u2019s, a name that nobody has the user\u2019s', async (t) => {
    const lookup = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
    t.match(await failing('https://git.test/app.git', { lookup: lookup('EAI_AGAIN') }), { code: 'host_lookup_failed' });
    t.type(await failing('https://git.test/app.git', { lookup: lookup('ETIMEOUT') }), WorldError);
    t.type(await failing('https://git.test/app.git', { lookup: lookup('ENOTFOUND') }), UserError);
  });

  t.test('a server that goes away in the middle of a fetch is the world\u2019s', async (t) => {
    const git = await startGitServer();
    t.teardown(() => git.close());
    const id = await git.commit('app', {
      big: Buffer.from(Array.from({ length: 400_000 }, () => Math.random() * 256)),
    });
    const target = new URL(git.url('app'));
    const url = await serve(t, (incoming, reply) => {
      const { method, url: path, headers } = incoming;
      const onward = request({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
        reply.writeHead(answer.statusCode ?? 500, answer.headers);
        let sent = 0;
        answer.on('data', (chunk: Buffer) => {
          sent += chunk.length;
          reply.write(chunk);
          if (sent > 100_000) reply.destroy();
        });
        answer.on('end', () => reply.end());
      });
      incoming.pipe(onward);
    });
    const folder = t.testdir();
    const fetching = createGitProvider({ limits }).fetchSource({ id }, { url }, folder, callContext(folder).context);
    t.type(await fetching.catch((error: unknown) => error), WorldError);
  });
});
