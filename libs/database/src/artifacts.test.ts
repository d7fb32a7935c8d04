import { order, plainService } from '@pierhead/testing';
import t from 'tap';
import { artifactRepository } from './artifacts.js';
import { setUp } from './fixture.js';

t.test(
  'the newest succeeded deployments of each environment are for rollback, as many as the service keeps',
  async (t) => {
    const { database, create, deployments, services } = await setUp(t);
    const artifacts = artifactRepository(database);
    const delivery = { ...plainService.delivery, queuePolicy: 'queue-all' as const, keepReleases: 2 };
    const service = await create('web', { delivery });
    const ended = async (status: string, environment = 'production', digest: string = environment) => {
      const { id } = (await deployments.create({ ...order(service.id), environment }))!;
      const artifact = JSON.stringify({ kind: 'image', digest, bytes: 1 });
      await database.sql`update deployments set status = ${status}, artifact = ${artifact}::jsonb where id = ${id}`;
      return id;
    };
    const [a, b, c] = [await ended('succeeded'), await ended('succeeded'), await ended('failed')];
    const [d, preview] = [await ended('succeeded'), await ended('succeeded', 'preview-1')];
    const running = await ended('running');
    await database.sql`insert into releases (service_id, environment, deployment_id, upstreams, version)
    values (${service.id}, 'production', ${a}, '[]', 1)`;
    const seen = async () => {
      const held = await artifacts.held();
      return held.map(({ deploymentId, live, unfinished, rollback }) => [deploymentId, live, unfinished, rollback]);
    };
    t.same(await seen(), [
      [a, true, false, false],
      [b, false, false, true],
      [c, false, false, false],
      [d, false, false, true],
      [preview, false, false, true],
      [running, false, true, false],
    ]);
    const replaced = JSON.stringify({ deploymentId: c, upstreams: [] });
    await database.sql`update deployments set replaced = ${replaced}::jsonb where id = ${running}`;
    t.match(await seen(), { 2: [c, false, true, false] }, 'one that runs may still go back to it');
    await database.sql`update deployments set replaced = null`;
    await database.sql`update deployments set rollback_of = ${a} where id = ${d}`;
    t.match(
      await seen(),
      [[a, true, false, true], [b, false, false, true], [c], [d, false, false, true]],
      'rollbacks do not count',
    );
    await database.sql`update deployments set rollback_of = null`;
    t.equal(await artifacts.isNeeded('production'), true);
    t.equal(await artifacts.isNeeded('preview-1'), false);

    await artifacts.discarded([a, b, running]);
    t.same(
      (await seen()).map(([id]) => id),
      [a, c, d, preview, running],
      'what is live or unfinished cannot be recorded as gone',
    );

    await services.remove(service.id);
    t.same(
      (await artifacts.held()).filter(({ rollback, live }) => rollback || live),
      [],
      'a removed service keeps nothing',
    );
  },
);
