import { randomUUID } from 'node:crypto';
import { testDatabase } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { auditRepository, type NewAuditEntry } from './audit.js';
import { connect } from './connect.js';
import { newId } from './ids.js';
import { migrate } from './migrate.js';

async function setUp(t: Test) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  t.teardown(() => database.close());
  const audit = auditRepository(database);
  const append = (more: Partial<NewAuditEntry> = {}) => audit.append({ ...entry, requestId: randomUUID(), ...more });
  const actions = async (filter: Partial<Parameters<typeof audit.list>[0]>) =>
    (await audit.list({ limit: 10, before: null, ...filter })).items.map(({ action }) => action);
  return { ...database, audit, append, actions };
}

const entry: NewAuditEntry = {
  actor: 'ci',
  tokenId: null,
  action: 'changeService',
  targetKind: 'service',
  targetId: 's1',
  before: { name: 'a' },
  after: { name: 'b' },
  requestId: '',
  address: '127.0.0.1',
};

t.test('entries are neither changed nor removed, whatever a statement would have touched', async (t) => {
  const { sql, append, actions } = await setUp(t);
  const refused = { code: '42501', message: /audit_entries is append-only/ };
  await t.rejects(sql`delete from audit_entries`, refused, 'even where there is nothing yet');
  await append();
  await t.rejects(sql`update audit_entries set actor = 'nobody'`, refused);
  await t.rejects(sql`delete from audit_entries where actor = 'ci'`, refused);
  await t.rejects(sql`truncate audit_entries`, refused);
  await t.rejects(
    sql`insert into audit_entries select * from audit_entries on conflict (id) do update set actor = 'nobody'`,
    refused,
  );
  t.same(await actions({ actor: 'ci' }), ['changeService']);
});

t.test('an entry comes back as it was written', async (t) => {
  const { audit, append } = await setUp(t);
  await append({ after: null });
  const { items } = await audit.list({ limit: 10, before: null });
  t.match(items, [{ actor: 'ci', targetId: 's1', before: { name: 'a' }, after: null, at: Date, address: '127.0.0.1' }]);
});

t.test('entries are found by actor, action, target and time, newest first', async (t) => {
  const { sql, audit, append, actions } = await setUp(t);
  await append({ action: 'one' });
  await append({ action: 'two', actor: null, targetId: 's2' });
  await sql`
    insert into audit_entries (id, at, actor, action, request_id)
    values (${newId()}, now() + interval '1 hour', 'ci', 'three', ${randomUUID()})`;
  const between = new Date(Date.now() + 1_800_000);
  t.same(await actions({}), ['three', 'two', 'one']);
  t.same(await actions({ actor: 'ci' }), ['three', 'one']);
  t.same(await actions({ action: 'two' }), ['two']);
  t.same(await actions({ targetId: 's2' }), ['two']);
  t.same(await actions({ from: between }), ['three']);
  t.same(await actions({ to: between }), ['two', 'one']);
  t.same(await actions({ from: between, to: between }), []);
  const first = await audit.list({ limit: 2, before: null });
  t.type(first.nextCursor, 'string');
  t.same(await actions({ before: first.items[1]!.id }), ['one']);
});
