import { randomBytes } from 'node:crypto';
import {
  auditRepository,
  connect,
  deploymentRepository,
  migrate,
  newId,
  projectRepository,
  serviceRepository,
  tokenRepository,
} from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import type { Scope } from '@pierhead/model';
import { plainService, testDatabase } from '@pierhead/testing';
import t, { type Test } from 'tap';
import type { ApiContext } from './context.js';
import { createApp } from './create-app.js';
import { newToken, tokenHash, tokenVerifier } from './identify.js';
import { openApiDocument } from './open-api-document.js';

interface Operation {
  operationId: string;
  description?: string;
  security?: unknown[];
  'x-scope'?: Scope;
}

const { paths } = (await openApiDocument()) as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation, scope: operation['x-scope'] })),
);
const guarded = operations.filter(({ security }) => security?.length !== 0);
/** What a token that is limited to projects may ask for, and gets its own of. */
const kept = new Set(['listProjects', 'listServices', 'listDeployments', 'createService']);
/** What has nothing to do with projects. */
const free = /^(upload|(list|read|validate)(Provider|Builder|Runtime)(?!Usage)\w*)$/;
const isPublic = new Set(['health', 'ready', 'readProvenanceKey']);

const nobody = '00000000-0000-7000-8000-000000000000';

/** The API with real tokens; what else its routes need is not there. */
async function setUp(t: Test) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  const tokens = tokenRepository(database);
  const projects = projectRepository(database);
  const services = serviceRepository(database);
  const deployments = deploymentRepository(database);
  const repositories = { tokens, projects, services, deployments, audit: auditRepository(database) };
  const context = { database, ...repositories, urlOf: () => 'http://app.test' } as Partial<ApiContext> as ApiContext;
  const admin = randomBytes(32).toString('hex');
  const verify = tokenVerifier(admin, tokens);
  const app = await createApp(context, { logger: createLogger('api', 'silent'), verify, checks: {} });
  t.teardown(async () => {
    await app.close();
    await database.close();
  });
  const make = async (name: string, scopes: Scope[], more: { expiresAt?: Date; projects?: string[] } = {}) => {
    const token = newToken();
    const values = { name, hash: tokenHash(token), scopes, expiresAt: null, projects: null, ...more };
    const row = await tokens.create(values);
    return { token, id: row!.id };
  };
  const call = (method: string, path: string, token?: string, payload?: object, id = nobody) =>
    app.inject({
      method: method.toUpperCase() as 'GET',
      url: path.replaceAll(/\{\w+\}/g, id),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(payload ? { payload } : {}),
    });
  return { database, ...repositories, admin, make, call };
}

t.test('every route but health and public keys needs a scope, and its document says which', async (t) => {
  t.ok(guarded.length > 30);
  for (const { operationId, security, scope, description } of operations) {
    t.equal(security?.length === 0, isPublic.has(operationId), `${operationId} is ${scope ? 'guarded' : 'public'}`);
    if (scope) t.match(description, `Needs a token with the scope \`${scope}\`.`);
  }
  for (const { operationId, method, scope } of guarded)
    if (method !== 'get' && scope === 'read') t.match(operationId, /^(validate|plan)/, 'it changes nothing');
  const administrative = guarded.filter(({ scope }) => scope === 'admin').map(({ operationId }) => operationId);
  t.match(new Set(administrative), new Set(['createProject', 'deleteToken', 'listTokens', 'listAuditEntries']));
});

t.test('no route lets in who has no token, or one that is unknown, has expired or was removed', async (t) => {
  const { database, tokens, make, call } = await setUp(t);
  const expired = await make('expired', ['admin']);
  await database.sql`update tokens set expires_at = now() where id = ${expired.id}`;
  const removed = await make('removed', ['admin']);
  t.equal((await call('get', '/tokens', removed.token)).statusCode, 200, 'while it is there');
  await tokens.remove(removed.id);
  const strangers = { expired: expired.token, removed: removed.token, unknown: newToken(), nonsense: 'x' };
  for (const { method, path } of guarded) {
    t.match((await call(method, path)).json(), { status: 401, code: 'token_missing' }, `${method} ${path}`);
    for (const [name, token] of Object.entries(strangers))
      t.match((await call(method, path, token)).json(), { status: 401, code: 'token_invalid' }, `${name}: ${path}`);
  }
});

t.test('every route refuses a token without its scope, and lets in one with it', async (t) => {
  const { admin, make, call } = await setUp(t);
  const tokens = {
    read: (await make('reader', ['read'])).token,
    deploy: (await make('deployer', ['deploy'])).token,
    admin,
  };
  const order = Object.keys(tokens);
  for (const { method, path, scope } of guarded) {
    for (const [has, token] of Object.entries(tokens)) {
      const answer = await call(method, path, token);
      const may = order.indexOf(has) >= order.indexOf(scope!);
      t.equal(answer.statusCode === 403, !may, `${has}: ${method} ${path}`);
      t.not(answer.statusCode, 401);
      if (!may) t.match(answer.json(), { code: 'scope_missing', detail: `scope ${scope}` });
    }
  }
});

t.test('a token that is limited to a project finds nothing of another one, by any route', async (t) => {
  const { database, projects, services, deployments, make, call } = await setUp(t);
  const project = async (name: string) => {
    const { id: projectId } = (await projects.create(name))!;
    const service = await services.create({ ...plainService, id: newId(), projectId, name: `of-${name}` });
    if ('conflict' in service) throw new Error(service.conflict);
    const asked = { serviceId: service.id, environment: 'production', idempotencyKey: null };
    const trigger = { kind: 'api', actor: null, event: null };
    const deployment = await deployments.create({ ...asked, trigger, input: {} });
    const [command] = await database.sql`
      insert into commands (id, service_id, environment, argv, trigger, timeout_seconds)
      values (${newId()}, ${service.id}, 'production', '[]', '{}', 1) returning id`;
    return { projects: projectId, services: service.id, deployments: deployment!.id, commands: command!.id };
  };
  const [own, other] = [await project('own'), await project('other')];
  const { token } = await make('limited', ['admin'], { projects: [own.projects] });
  let held = 0;
  for (const { operationId, description, method, path } of guarded) {
    const what = `${method} ${path}`;
    const kind = path.split('/')[1] as keyof typeof own;
    if (path.includes('{id}') && kind in own) {
      held += 1;
      for (const id of [other[kind], other[kind].toUpperCase(), nobody, 'x', own.services.slice(0, -1)])
        t.match((await call(method, path, token, undefined, id)).json(), { status: 404, code: /_not_found$/ }, what);
    } else {
      const answer = await call(method, path, token);
      const may = kept.has(operationId) || free.test(operationId);
      t.equal(answer.statusCode === 403, !may, what);
      if (may) continue;
      t.match(answer.json(), { code: 'project_limited' });
      t.match(description, 'Closed to tokens that are limited to projects.');
    }
  }
  t.ok(held > 20);
  for (const path of ['/projects', '/services', '/deployments']) {
    const [, kind] = path.split('/') as ['', keyof typeof own];
    const ids = (await call('get', path, token)).json().items.map(({ id }: { id: string }) => id);
    t.same(ids, [own[kind]], path);
  }
  for (const kind of ['projects', 'services', 'deployments'] as const)
    t.equal((await call('get', `/${kind}/{id}`, token, undefined, own[kind])).statusCode, 200, kind);
  const input = { name: 'new', providerId: 'p', builderId: 'b', providerConfig: {}, builderConfig: {} };
  const foreign = { status: 422, code: 'project_not_found', errors: [{ path: '/projectId' }] };
  t.match((await call('post', '/services', token, { ...input, projectId: other.projects })).json(), foreign);
  for (const projectId of [other.projects, null]) {
    const moved = await call('patch', '/services/{id}', token, { projectId }, own.services);
    t.match(moved.json(), foreign, 'a service is not moved out of sight');
  }
  const renamed = await call('patch', '/projects/{id}', token, { name: 'default' }, own.projects);
  t.match(renamed.json(), { status: 409, code: 'name_taken' }, 'services without a project are not for it');
  const two = await make('two', ['deploy'], { projects: [own.projects, other.projects] });
  t.match((await call('post', '/services', two.token, input)).json(), foreign, 'which of two, must be said');
});

t.test('a token that cannot be is refused with its path, and none is made', async (t) => {
  const { tokens, admin, call } = await setUp(t);
  const good = { name: 'ci', scopes: ['read'] };
  const wrong: [string, object, string][] = [
    ['no scopes', { scopes: [] }, '/scopes'],
    ['an unknown scope', { scopes: ['root'] }, '/scopes/0'],
    ['the same scope twice', { scopes: ['read', 'read'] }, '/scopes'],
    ['a name that is no label', { name: 'C I' }, '/name'],
    ['an unknown key', { hash: 'x' }, '/hash'],
    ['no project at all', { projects: [] }, '/projects'],
    ['a project that is not there', { projects: [nobody] }, '/projects/0'],
    ['a time in the past', { expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
    ['a time before all databases', { expiresAt: '0000-01-01T00:00:00Z' }, '/expiresAt'],
    ['a time that is none', { expiresAt: 'tomorrow' }, '/expiresAt'],
    ['a leap second', { expiresAt: '2998-12-31T23:59:60Z' }, '/expiresAt'],
  ];
  for (const [what, change, path] of wrong) {
    const answer = await call('post', '/tokens', admin, { ...good, ...change });
    t.ok([400, 422].includes(answer.statusCode), what);
    t.match(answer.json().errors, [{ path }], what);
  }
  const reserved = await call('post', '/tokens', admin, { ...good, name: 'admin' });
  t.match(reserved.json(), { status: 409, code: 'name_taken' }, 'the name of the configured token');
  t.same((await tokens.list(1, null)).items, []);
  const far = await call('post', '/tokens', admin, { ...good, expiresAt: '9999-12-31T23:59:59-23:59' });
  t.match(far.json(), { expiresAt: '9999-12-31T00:00:00.000Z' }, 'as late as the database can hold');
});

t.test('times that no database holds are answered, not stumbled over', async (t) => {
  const { admin, call } = await setUp(t);
  for (const time of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', '2026-01-01T00:00:00Z'])
    t.equal((await call('get', `/audit?from=${time}&to=${time}`, admin)).statusCode, 200, time);
  for (const time of ['2016-12-31T23:59:60Z', '2026-01-01T00:00:00Z[Europe/Berlin]', 'x'])
    t.match((await call('get', `/audit?from=${time}`, admin)).json(), {
      status: 400,
      errors: [{ path: '/query/from' }],
    });
});
