import { order } from '@pierhead/testing';
import t from 'tap';
import { setUp } from './fixture.js';
import { newId } from './ids.js';
import { instanceRepository } from './instances.js';

t.test('what ended deployments have running is a stray, unless somebody else stops it', async (t) => {
  const { database, create, deployments, runs, services } = await setUp(t);
  const instances = instanceRepository(database);
  const { id: serviceId } = await create('web');
  const { id } = (await deployments.create(order(serviceId)))!;
  const unknown = newId();
  t.same(await instances.strays([id, unknown, 'x']), [unknown], 'one that waits is none');
  await runs.claim(id, 'w', 30);
  await runs.finish({ deploymentId: id, owner: 'w', epoch: 1 }, { status: 'canceled' });
  t.same(await instances.strays([id]), [id]);
  const next = (await deployments.create(order(serviceId)))!;
  await runs.claim(next.id, 'w', 30);
  t.same(await instances.strays([id]), [], 'its successor stops it');
  await runs.finish({ deploymentId: next.id, owner: 'w', epoch: 1 }, { status: 'canceled' });
  t.same(await instances.strays([id]), [id]);
  await services.remove(serviceId);
  t.same(await instances.strays([id]), [], 'whoever clears the removed service stops it');
});
