import { testDatabase } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { connect } from './connect.js';
import { migrate } from './migrate.js';
import { tokenRepository } from './tokens.js';

async function setUp(t: Test) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  t.teardown(() => database.close());
  const tokens = tokenRepository(database);
  const make = (name: string, expiresAt: Date | null = null) =>
    tokens.create({ name, hash: `hash of ${name}`, scopes: ['read', 'deploy'], projects: null, expiresAt });
  return { ...database, tokens, make };
}

t.test('a token is found by its hash alone, and never answered with it', async (t) => {
  const { tokens, make } = await setUp(t);
  const made = (await make('ci'))!;
  t.match(made, { name: 'ci', scopes: ['read', 'deploy'], expiresAt: null, lastUsedAt: null, createdAt: Date });
  t.match(await tokens.findValid('hash of ci'), { id: made.id, scopes: ['read', 'deploy'] });
  t.equal(await tokens.findValid('hash of nobody'), null);
  const { items } = await tokens.list(10, null);
  t.notMatch(JSON.stringify([made, items, await tokens.remove(made.id)]), 'hash of');
});

t.test('a name belongs to one token, and is free again when that is removed', async (t) => {
  const { tokens, make } = await setUp(t);
  const made = (await make('ci'))!;
  t.equal(await make('ci'), null);
  t.match(await tokens.remove(made.id), { name: 'ci' });
  t.equal(await tokens.findValid('hash of ci'), null);
  t.equal(await tokens.remove(made.id), null);
  t.match(await make('ci'), { name: 'ci' });
});

t.test('a token counts until it expires, and no longer', async (t) => {
  const { tokens, make, sql } = await setUp(t);
  await make('short', new Date(Date.now() + 3_600_000));
  t.ok(await tokens.findValid('hash of short'));
  await sql`update tokens set expires_at = now()`;
  t.equal(await tokens.findValid('hash of short'), null);
});

t.test('the last use is written at most once a minute', async (t) => {
  const { tokens, make, sql } = await setUp(t);
  await make('ci');
  const use = async () => {
    await tokens.findValid('hash of ci');
    return (await tokens.list(1, null)).items[0]!.lastUsedAt!.getTime();
  };
  const first = await use();
  t.equal(await use(), first);
  await sql`update tokens set last_used_at = now() - interval '61 seconds'`;
  t.ok((await use()) > Date.now() - 30_000);
});

t.test('tokens are listed newest first, page after page', async (t) => {
  const { tokens, make } = await setUp(t);
  for (const name of ['a', 'b', 'c']) await make(name);
  const first = await tokens.list(2, null);
  t.same(
    first.items.map(({ name }) => name),
    ['c', 'b'],
  );
  const second = await tokens.list(2, first.items[1]!.id);
  t.match(second, { items: [{ name: 'a' }], nextCursor: null });
});
