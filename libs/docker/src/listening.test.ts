import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import t from 'tap';
import { listeningSockets, socketsIn } from './listening.js';

t.test('tells what listens from the tables of this very process', async (t) => {
  const open = (host: string) =>
    new Promise<number>((resolve) => {
      const server = createServer().listen(0, host, () => resolve((server.address() as { port: number }).port));
      t.teardown(() => server.close());
    });
  const hosts: [string, boolean][] = [
    ['127.0.0.1', true],
    ['0.0.0.0', false],
    ['::1', true],
    ['::', false],
    ['::ffff:127.0.0.1', true],
  ];
  for (const [host, loopback] of hosts) {
    const port = await open(host).catch(() => null);
    if (port === null) continue;
    const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/self/net/${name}`, 'utf8')));
    t.same(
      tables.flatMap(socketsIn).find((socket) => socket.port === port),
      { port, loopback },
      host,
    );
  }
});

t.test('a process that is not of the container tells nothing', async (t) => {
  t.equal(await listeningSockets({ id: 'f'.repeat(64), pid: process.pid }), null);
  t.equal(await listeningSockets({ id: 'f'.repeat(64), pid: 0 }), null);
});
