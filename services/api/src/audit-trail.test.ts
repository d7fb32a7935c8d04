import type { NewAuditEntry } from '@pierhead/database';
import { type App, createServer, HttpProblem, requireToken } from '@pierhead/http';
import { createLogger } from '@pierhead/logger';
import t from 'tap';
import { recordChanges } from './audit-trail.js';

const target = { kind: 'thing', id: 't1' };

async function build(append: (entry: NewAuditEntry) => Promise<void>): Promise<App> {
  const app = await createServer({ name: 'test', version: '1.0.0', logger: createLogger('api', 'silent') });
  requireToken(app, (name) => ({ tokenId: '0197', name, scopes: ['admin'], projects: null }));
  recordChanges(app, append);
  app.put('/things', { schema: { operationId: 'changeThing' } }, async (request, reply) => {
    const secret = { $sealed: 'a1.bcd' };
    request.audit = { target, before: { size: 1, key: secret }, after: { size: 2, deep: [{ key: secret }] } };
    return reply.header('location', '/things/t1').send({ told: 'a secret' });
  });
  app.post('/silent', async (_request, reply) => reply.code(204).send(null));
  app.post('/open', { config: { public: true } }, async () => 'done');
  app.post('/look', { config: { scope: 'read' } }, async () => 'seen');
  app.get('/things', async () => 'listed');
  app.post('/fail', async () => {
    throw new HttpProblem(409, 'taken', 'No.');
  });
  return app;
}

const headers = { authorization: 'Bearer ci' };

t.test('a change is recorded with who, what, before and after, its secrets masked', async (t) => {
  const entries: NewAuditEntry[] = [];
  const app = await build(async (entry) => void entries.push(entry));
  const answer = await app.inject({ method: 'PUT', url: '/things', headers });
  t.same(entries, [
    {
      actor: 'ci',
      tokenId: '0197',
      action: 'changeThing',
      targetKind: 'thing',
      targetId: 't1',
      before: { size: 1, key: { secret: true } },
      after: { size: 2, deep: [{ key: { secret: true } }] },
      requestId: answer.headers['x-request-id'],
      address: '127.0.0.1',
    },
  ]);
});

t.test('what changes nothing is not recorded; what says nothing of itself is', async (t) => {
  const entries: NewAuditEntry[] = [];
  const app = await build(async (entry) => void entries.push(entry));
  await app.inject({ method: 'GET', url: '/things', headers });
  await app.inject({ method: 'HEAD', url: '/things', headers });
  await app.inject({ method: 'POST', url: '/look', headers });
  await app.inject({ method: 'POST', url: '/fail', headers });
  await app.inject({ method: 'POST', url: '/nowhere', headers });
  await app.inject({ method: 'POST', url: '/silent' });
  t.same(entries, []);
  await app.inject({ method: 'POST', url: '/silent', headers });
  await app.inject({ method: 'POST', url: '/open' });
  t.match(entries, [
    { actor: 'ci', action: 'POST /silent', targetId: null, before: null, after: null },
    { actor: null, tokenId: null, action: 'POST /open' },
  ]);
});

t.test('no client sees a success before it is on record', async (t) => {
  let finish = () => {};
  const recorded = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let asked = () => {};
  const asking = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const app = await build(async () => {
    asked();
    await recorded;
  });
  let answered = false;
  const answer = app.inject({ method: 'PUT', url: '/things', headers }).then((response) => {
    answered = true;
    return response;
  });
  await asking;
  t.notOk(answered);
  finish();
  t.equal((await answer).statusCode, 200);
});

t.test('where recording fails the client is told so, and gets nothing of the answer', async (t) => {
  const app = await build(async () => {
    throw new Error('no database');
  });
  const answer = await app.inject({ method: 'PUT', url: '/things', headers });
  t.match(answer.json(), { status: 500, code: 'audit_failed' });
  t.notMatch(answer.body, /a secret|no database/);
  const empty = await app.inject({ method: 'POST', url: '/silent', headers });
  t.match(empty.json(), { status: 500, code: 'audit_failed' });
});
