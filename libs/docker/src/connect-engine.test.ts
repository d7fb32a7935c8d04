import { createServer } from 'node:net';
import { dockerMissing, testDockerHost } from '@pierhead/testing';
import t from 'tap';
import { connectEngine } from './connect-engine.js';
import { engineUnavailable } from './engine-unavailable.js';

const missing = await dockerMissing();

t.test('an engine that answers is available', { skip: missing }, async (t) => {
  t.equal(await engineUnavailable(testDockerHost, AbortSignal.timeout(5_000)), null);
});

t.test('no socket, a closed port and a silent peer are all unavailable, with a hint', async (t) => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const { port } = silent.address() as { port: number };
  const hosts = [`unix://${t.testdirName}/none.sock`, 'tcp://127.0.0.1:9', `tcp://127.0.0.1:${port}`, 'nonsense'];
  for (const host of hosts) {
    const reason = await engineUnavailable(host, AbortSignal.timeout(10_000));
    t.match(reason, { code: 'docker_unavailable', message: host, hint: /DOCKER_HOST/ }, host);
  }
});

t.test('only unix and tcp hosts are taken, and nothing else of the environment', async (t) => {
  t.match(connectEngine('tcp://10.0.0.5:2375').modem, { host: '10.0.0.5', port: 2375, protocol: 'http' });
  const { host, socketPath } = connectEngine('unix:///run/x.sock').modem as { host?: string; socketPath?: string };
  t.same([host, socketPath], [undefined, '/run/x.sock']);
  for (const bad of ['ssh://root@host', 'http://a', 'unix://relative', 'tcp://a b:1', '']) {
    t.throws(() => connectEngine(bad), { code: 'docker_host_invalid' }, bad);
  }
});
