import { connect, createSecrets, migrate, newId, projectRepository, serviceRepository } from '@pierhead/database';
import { plainService, testDatabase } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { changeService, etagOf } from './change-service.js';
import type { ApiContext } from './context.js';

type ResolveService = ApiContext['catalog']['resolveService'];

/** A service that another client changes `races` times, each time while the catalog is being asked. */
async function setUp(t: Test, races: number) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  t.teardown(() => database.close());
  const services = serviceRepository(database);
  const projects = projectRepository(database);
  const { id: projectId } = await projects.ensureDefault();
  const created = await services.create({ ...plainService, id: newId(), projectId, name: 'web' });
  if ('conflict' in created) throw new Error(created.conflict);
  const { id } = created;
  let left = races;
  const resolveService: ResolveService = async (request) => {
    if (left-- > 0) {
      const { id: _, revision, ...values } = (await services.find(id))!;
      await services.replace(id, revision, { ...values, variables: { ...values.variables, [`OTHER_${left}`]: 'x' } });
    }
    return resolved(request);
  };
  const catalog = { resolveService } as ApiContext['catalog'];
  const secrets = createSecrets(Buffer.alloc(32).toString('base64'));
  const context = { services, projects, catalog, secrets, baseDomain: 'localhost' } as ApiContext;
  return { id, services, context, before: created };
}

const resolved = ({ providerConfig, builderConfig, runtimeConfig = {} }: Parameters<ResolveService>[0]) => ({
  ...{ valid: true, errors: [], warnings: [] },
  provider: { id: 'p', version: '1.0.0' },
  builder: { id: 'b', version: '1.0.0' },
  runtime: { id: 'r', version: '1.0.0', commands: true },
  ...{ providerConfig, builderConfig, runtimeConfig, fallbackSources: [] },
  secrets: { providerConfig: [], builderConfig: [], runtimeConfig: [] },
});

const patch = { variables: { MINE: 'y' } };

t.test('a patch without a precondition that loses a race is merged into what won', async (t) => {
  const { id, context } = await setUp(t, 2);
  const { before, after } = await changeService(id, patch, undefined, context);
  t.same(before.variables, { OTHER_0: 'x', OTHER_1: 'x' });
  t.same(after.variables, { OTHER_0: 'x', OTHER_1: 'x', MINE: 'y' });
  t.equal(after.revision, before.revision + 1);
});

t.test('a patch with the ETag of what it is based on is refused when it loses a race', async (t) => {
  const { id, context, services, before } = await setUp(t, 1);
  await t.rejects(changeService(id, patch, etagOf(before), context), { status: 412, code: 'service_changed' });
  t.same((await services.find(id))!.variables, { OTHER_0: 'x' });
});

t.test('a patch that always loses gives up', async (t) => {
  const { id, context } = await setUp(t, Number.POSITIVE_INFINITY);
  await t.rejects(changeService(id, patch, '*', context), { status: 409, code: 'service_busy' });
});

t.test('a service that is removed meanwhile is unknown', async (t) => {
  const { id, context, services } = await setUp(t, 0);
  const { resolveService } = context.catalog;
  context.catalog.resolveService = async (request) => {
    await services.remove(id);
    return resolveService(request);
  };
  await t.rejects(changeService(id, patch, undefined, context), { status: 404, code: 'service_not_found' });
});
