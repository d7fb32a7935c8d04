import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditRepository, connect, type Database, migrate, tokenRepository } from '@pierhead/database';
import { startEmbeddedPostgres } from '@pierhead/embedded-postgres';
import { type App, createServer, requireToken } from '@pierhead/http';
import { createLogger } from '@pierhead/logger';
import { maskSecrets, Type } from '@pierhead/model';
import { interleave, type Table, timed } from './measure.js';

const requests = 1_000;
const lines = 20_000;
const rounds = 11;

/** What keeping things safe costs a request and a line of a log, each beside the same without. */
export async function benchSecurity(): Promise<Table[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pierhead-bench-security-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  try {
    await migrate(postgres.url);
    const database = connect(postgres.url, { name: 'bench' });
    try {
      return [await ofRequests(database), await ofLines()];
    } finally {
      await database.close();
    }
  } finally {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const Body = Type.Object({ name: Type.String(), size: Type.Integer(), tags: Type.Array(Type.String()) });
const payload = { name: 'a name', size: 3, tags: ['one', 'two'] };
const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

async function ofRequests(database: Database): Promise<Table> {
  const token = randomBytes(32).toString('base64url');
  const tokens = tokenRepository(database);
  await tokens.create({ name: 'bench', hash: hashOf(token), scopes: ['admin'], projects: null, expiresAt: null });
  const verify = async (given: string) => {
    const row = await tokens.findValid(hashOf(given));
    return row && { ...row, tokenId: row.id };
  };
  const bare = await serverWith({}, () => {});
  const validated = await serverWith({ schema: { body: Body } }, () => {});
  const guarded = await serverWith({ schema: { body: Body } }, (app) =>
    requireToken(app, verify, { failuresPerMinute: 60 }),
  );
  const recorded = await serverWith({ schema: { body: Body } }, (app) => {
    requireToken(app, verify, { failuresPerMinute: 60 });
    app.addHook('onSend', async () => auditRepository(database).append(entry()));
  });
  const run = (app: App) => async () =>
    timed(async () => {
      const headers = { authorization: `Bearer ${token}` };
      for (let count = 0; count < requests; count += 1)
        await app.inject({ method: 'POST', url: '/', headers, payload });
    });
  const contenders = [
    { name: 'nothing', run: run(bare) },
    { name: 'the body is validated', run: run(validated) },
    { name: '… and the token looked up', run: run(guarded) },
    { name: '… and the change recorded', run: run(recorded) },
  ];
  const table = await interleave(`A request that changes something, ${requests} times`, 'ms', contenders, rounds);
  await Promise.all([bare, validated, guarded, recorded].map((app) => app.close()));
  return { ...table, note: 'Without the network; token and record are queries of PostgreSQL, one after the other.' };
}

async function serverWith(route: { schema?: { body: typeof Body } }, add: (app: App) => void): Promise<App> {
  const app = await createServer({ name: 'bench', version: '0.0.0', logger: createLogger('api', 'silent') });
  add(app);
  app.post('/', { schema: { ...route.schema } }, async () => ({ done: true }));
  await app.ready();
  return app;
}

const entry = () => ({
  ...{ actor: 'bench', tokenId: null, action: 'change', targetKind: 'thing', targetId: 'x' },
  ...{ before: payload, after: payload, requestId: randomUUID(), address: '127.0.0.1' },
});

async function ofLines(): Promise<Table> {
  const line = 'GET /users/42 200 in 13 ms, with a body of 1234 bytes from 192.0.2.1 and a cache that was warm';
  const withSecrets = (count: number) => {
    const { mask } = maskSecrets(Array.from({ length: count }, () => randomBytes(24).toString('base64')));
    return async () =>
      timed(async () => {
        for (let index = 0; index < lines; index += 1) mask(`${index} ${line}`);
      });
  };
  return interleave(
    `A line of ${line.length} characters of an app, ${lines} times`,
    'ms',
    [0, 1, 20].map((count) => ({ name: `${count} secrets`, run: withSecrets(count) })),
    rounds,
  );
}
