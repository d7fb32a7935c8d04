import pino from 'pino';
import t from 'tap';
import { createServer } from './create-server.js';
import { type HealthCheck, registerHealth } from './health.js';

async function build(checks: Record<string, HealthCheck>) {
  const app = await createServer({ name: 'test', version: '1.0.0', logger: pino({ level: 'silent' }) });
  registerHealth(app, { checks });
  return app;
}

t.test('a healthy server is alive and ready', async (t) => {
  const app = await build({ database: async () => {} });
  t.same((await app.inject('/health')).json(), { status: 'ok' });
  const ready = await app.inject('/ready');
  t.equal(ready.statusCode, 200);
  t.match(ready.json(), { status: 'ok', checks: { database: { status: 'ok', durationMs: Number } } });
});

t.test('a dependency that fails or hangs is named, and its reason is kept in', async (t) => {
  const app = await build({
    database: async () => {
      throw new Error('password=hunter2');
    },
    engine: () => new Promise(() => {}),
    queue: async () => {},
  });
  t.equal((await app.inject('/health')).statusCode, 200);
  const ready = await app.inject('/ready');
  t.equal(ready.statusCode, 503);
  t.match(ready.json(), {
    status: 'unavailable',
    checks: { database: { status: 'failed' }, engine: { status: 'failed' }, queue: { status: 'ok' } },
  });
  t.notMatch(ready.body, /hunter2/);
});

t.test('what works in part is told, and is no reason to be out of service', async (t) => {
  const app = await build({ plugins: async () => ({ degraded: 'One is missing.' }), database: async () => {} });
  const ready = await app.inject('/ready');
  t.equal(ready.statusCode, 200);
  t.match(ready.json(), {
    status: 'degraded',
    checks: { plugins: { status: 'degraded', message: 'One is missing.' }, database: { status: 'ok' } },
  });
  const down = await build({
    plugins: async () => ({ degraded: 'One is missing.' }),
    database: async () => {
      throw new Error('gone');
    },
  });
  t.match((await down.inject('/ready')).json(), { status: 'unavailable' });
});

t.test('many askers at once ask the dependencies once', async (t) => {
  let calls = 0;
  const app = await build({
    database: async () => {
      calls += 1;
    },
  });
  await Promise.all(Array.from({ length: 20 }, () => app.inject('/ready')));
  t.ok(calls < 20);
});
