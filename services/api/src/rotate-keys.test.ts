import { randomBytes } from 'node:crypto';
import {
  auditRepository,
  connect,
  createSecrets,
  migrate,
  newId,
  projectRepository,
  serviceRepository,
} from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import { plainService, testDatabase } from '@pierhead/testing';
import t, { type Test } from 'tap';
import type { ApiContext } from './context.js';
import { createApp } from './create-app.js';

const key = () => randomBytes(32).toString('base64');

/** The API with a new key, and services whose secrets the old one has sealed. */
async function setUp(t: Test) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  const [services, audit] = [serviceRepository(database), auditRepository(database)];
  const { id: projectId } = await projectRepository(database).ensureDefault();
  const [old, own] = [key(), key()];
  const secrets = createSecrets(own, [old]);
  const identity = { tokenId: null, name: 'operator', scopes: ['admin' as const], projects: null };
  const apiWith = async (with_: typeof secrets) => {
    const context = { database, services, audit, secrets: with_ } as Partial<ApiContext> as ApiContext;
    const logger = createLogger('api', 'silent');
    const app = await createApp(context, { logger, verify: () => identity, checks: {} });
    t.teardown(() => app.close());
    return async (payload?: object) => {
      const headers = { authorization: 'Bearer x' };
      const answer = await app.inject({
        method: 'POST',
        url: '/keys/rotate',
        headers,
        ...(payload ? { payload } : {}),
      });
      return answer.json();
    };
  };
  t.teardown(() => database.close());
  const create = async (name: string, sealing: typeof secrets) => {
    const id = newId();
    const variables = { KEY: sealing.seal('hush', id) };
    const row = await services.create({ ...plainService, id, projectId, name, variables });
    if ('conflict' in row) throw new Error(row.conflict);
    return row;
  };
  return { audit, create, apiWith, before: createSecrets(old), secrets, own, services };
}

t.test('secrets are sealed with the key in use, which is on record without them', async (t) => {
  const { audit, create, apiWith, before, secrets, own, services } = await setUp(t);
  const web = await create('web', before);
  const rotate = await apiWith(secrets);
  const { keyId } = secrets;
  t.same(await rotate(), { keyId, sealed: 1, resealed: 1, unknown: [], nextCursor: null });
  const { variables, revision } = (await services.find(web.id))!;
  t.same(createSecrets(own).open(variables, web.id), { KEY: 'hush' });
  t.equal(revision, web.revision);
  t.same(await rotate({}), { keyId, sealed: 1, resealed: 0, unknown: [], nextCursor: null });
  const [, entry] = (await audit.list({ limit: 5, before: null })).items;
  t.match(entry, { actor: 'operator', action: 'rotateKeys', targetKind: 'key', targetId: keyId, before: null });
  t.same(entry!.after, { sealed: 1, resealed: 1, unknown: 0 });
});

t.test('what no key opens is named, a hundred at a time', async (t) => {
  const { create, apiWith, secrets } = await setUp(t);
  const stranger = createSecrets(key());
  for (let count = 1; count <= 150; count++) await create(`lost-${count}`, stranger);
  const rotate = await apiWith(secrets);
  const first = await rotate();
  t.equal(first.unknown.length, 100);
  t.match(first.unknown[0], { keyId: stranger.keyId, secrets: 1 });
  t.match(await rotate({ cursor: first.nextCursor }), { sealed: 50, unknown: { length: 50 }, nextCursor: null });
  const other = await apiWith(stranger);
  t.match(await other({ cursor: first.nextCursor }), { status: 409, code: 'keys_differ' }, 'an api with another key');
});

t.test('a cursor that is none is refused', async (t) => {
  const { apiWith, secrets } = await setUp(t);
  const rotate = await apiWith(secrets);
  for (const cursor of ['', 'x', Buffer.from(`${secrets.keyId} tokens ${newId()}`).toString('base64url')])
    t.match(await rotate({ cursor }), { status: 400, code: 'invalid_cursor' });
  t.match(await rotate({ key: 'x' }), { status: 400, code: 'invalid_request' });
});
