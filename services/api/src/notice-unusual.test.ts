import type { NewAuditEntry } from '@pierhead/database';
import { createServer, requireToken } from '@pierhead/http';
import { createLogger } from '@pierhead/logger';
import t, { type Test } from 'tap';
import { recordChanges } from './audit-trail.js';
import { noticeUnusual, unusual } from './notice-unusual.js';

async function setUp(t: Test) {
  const app = await createServer({ name: 'test', version: '1.0.0', logger: createLogger('api', 'silent') });
  t.teardown(() => app.close());
  requireToken(app, (name) => (name === 'wrong' ? null : { tokenId: name, name, scopes: ['admin'], projects: null }));
  recordChanges(app, async () => {});
  const noticed: NewAuditEntry[] = [];
  noticeUnusual(app, async (entry) => void noticed.push(entry));
  app.get('/thing', async () => 'it');
  app.delete('/thing', async (_request, reply) => reply.code(204).send(null));
  const ask = (token: string, remoteAddress = '192.0.2.1', method: 'GET' | 'DELETE' = 'GET') =>
    app.inject({ method, url: '/thing', remoteAddress, headers: { authorization: `Bearer ${token}` } });
  return { app, noticed, ask };
}

const times = (count: number) => Array.from({ length: count }, (_, index) => index);

t.test('wrong tokens from one address are told once', async (t) => {
  const { app, noticed, ask } = await setUp(t);
  for (const _ of times(unusual.wrongTokens - 1)) await ask('wrong');
  await ask('wrong', '192.0.2.2');
  t.same(noticed, [], 'not yet');
  for (const _ of times(5)) await ask('wrong');
  t.match(noticed, [
    { action: 'noticedWrongTokens', actor: null, address: '192.0.2.1', after: { count: 10, withinSeconds: 60 } },
  ]);
  t.equal(noticed.length, 1);
  t.notMatch(JSON.stringify(noticed), 'Bearer', 'the token is not told');
  const { body } = await app.inject({ url: '/metrics', headers: { authorization: 'Bearer ci' } });
  t.match(body, /pierhead_unusual_total\{kind="noticedWrongTokens".*\} 1/);
});

t.test('a token that comes from many addresses is told once, whichever comes next', async (t) => {
  const { noticed, ask } = await setUp(t);
  for (const last of times(unusual.addresses - 1)) for (const _ of times(3)) await ask('ci', `192.0.2.${last + 1}`);
  for (const last of times(9)) await ask('other', `2001:db8::${last + 1}`);
  t.same(noticed, [], 'of which an IPv6 host has as many as it likes');
  for (const last of times(4)) await ask('ci', `198.51.100.${last + 1}`);
  t.match(noticed, [{ action: 'noticedManyAddresses', actor: 'ci', tokenId: 'ci', after: { count: 5 } }]);
  t.equal(noticed.length, 1);
});

t.test('many deletions by one token are told once', async (t) => {
  const { noticed, ask } = await setUp(t);
  for (const _ of times(unusual.deletions - 1)) await ask('ci', '192.0.2.1', 'DELETE');
  await ask('other', '192.0.2.1', 'DELETE');
  t.same(noticed, []);
  for (const _ of times(5)) await ask('ci', '192.0.2.1', 'DELETE');
  t.match(noticed, [{ action: 'noticedManyDeletions', actor: 'ci' }]);
  t.equal(noticed.length, 1);
});
