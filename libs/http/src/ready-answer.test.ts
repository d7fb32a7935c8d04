import pino from 'pino';
import t from 'tap';
import { createServer } from './create-server.js';
import { readyAnswer, sendReady } from './ready-answer.js';

t.test('an answer that is known is not sent again', async (t) => {
  const app = await createServer({ name: 'test', version: '1.0.0', logger: pino({ level: 'silent' }) });
  const answer = readyAnswer({ a: 'ü' });
  app.get('/', (request, reply) => sendReady(request, reply, answer));
  const first = await app.inject('/');
  t.same(first.json(), { a: 'ü' });
  const etag = String(first.headers.etag);
  t.match(etag, /^"[\w-]{27}"$/);
  for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
    const again = await app.inject({ url: '/', headers: { 'if-none-match': known } });
    t.equal(again.statusCode, 304, known);
    t.equal(again.body, '');
    t.equal(again.headers.etag, etag);
  }
  t.equal((await app.inject({ url: '/', headers: { 'if-none-match': '"other"' } })).statusCode, 200);
  t.not(readyAnswer({ a: 'b' }).etag, etag);
});
