import { dataOf, type Service, type ServicePlan } from '@pierhead/client';
import { columns, listing } from '../columns.js';
import { assignmentHelp } from '../config-values.js';
import { findService, searchServices } from '../find-service.js';
import { assertNothingMissing } from '../missing-entries.js';
import { collect } from '../options.js';
import { type ServiceOptions, serviceInput } from '../service-input.js';
import type { AddCommands } from '../session.js';

export const addServices: AddCommands = (program, session) => {
  const services = program.command('services').description('list, show, create and delete services');

  services
    .command('list')
    .description('list services, newest first')
    .option('--search <text>', 'only those with this in their name', '')
    .action(async ({ search }: { search: string }) => {
      const { client, show } = await session();
      const found = await searchServices(client, search);
      show(found, () =>
        columns(['name', 'provider', 'builder', 'live', 'url'], found.map(row), 'There are no services yet.'),
      );
    });

  services
    .command('show')
    .argument('<service>', 'its name or id')
    .description('show one service')
    .action(async (nameOrId: string) => {
      const { client, show } = await session();
      const service = await findService(client, nameOrId);
      show(service, () => listing(details(service)));
    });

  services
    .command('create')
    .description('create a service; `pierhead providers <id>` and its siblings tell the keys of the configs')
    .requiredOption('--name <name>', 'lower-case letters, digits and dashes; part of its hostname')
    .requiredOption('--provider <id>', 'where its source comes from')
    .requiredOption('--builder <id>', 'how it is built')
    .option('--runtime <id>', 'what runs it; the first that fits the builder unless given')
    .option('--provider-set <key=value>', "a field of the provider's config; repeat it", collect, [])
    .option('--builder-set <key=value>', "a field of the builder's config; repeat it", collect, [])
    .option('--runtime-set <key=value>', "a field of the runtime's config; repeat it", collect, [])
    .option('--var <KEY=VALUE>', 'a variable of the app; repeat it', collect, [])
    .option('--secret <KEY=VALUE>', 'a variable that is never shown again; repeat it', collect, [])
    .option('--hostname <hostname>', 'a hostname of its own; repeat it', collect, [])
    .option('--project <id>', 'the project that it belongs to')
    .addHelpText('after', assignmentHelp)
    .action(async (options: ServiceOptions) => {
      const { client, show } = await session();
      const service = await dataOf(client.POST('/services', { body: await serviceInput(client, options) }));
      show(service, () => listing(details(service)));
    });

  services
    .command('upgrade')
    .argument('<service>', 'its name or id')
    .description('take the newest versions of its provider, builder and runtime; its configs are carried over')
    .action(async (nameOrId: string) => {
      const { client, show } = await session();
      const { id, name } = await findService(client, nameOrId);
      const params = { path: { id } };
      const plan = await dataOf(client.POST('/services/{id}/plan', { params, body: {} }));
      const upgrades = plan.upgrades.filter(isOwn);
      const body = Object.fromEntries(upgrades.map(({ kind, to }) => [`${kind}Version`, to]));
      if (upgrades.length === 0) assertNothingMissing(plan.problems);
      else await dataOf(client.PATCH('/services/{id}', { params, body }));
      const lines = upgrades.map((upgrade) => `${upgrade.kind} ${upgrade.id}: ${upgrade.from} → ${upgrade.to}`);
      show(upgrades, () => lines.join('\n') || `${name} has the newest versions.`);
    });

  services
    .command('delete')
    .argument('<service>', 'its name or id')
    .description('delete a service and everything that it owns')
    .action(async (nameOrId: string) => {
      const { client, show } = await session();
      const { id, name } = await findService(client, nameOrId);
      await client.DELETE('/services/{id}', { params: { path: { id } } });
      show({ id, name }, () => `${name} is deleted.`);
    });
};

/** Not one of a fallback source. */
const isOwn = ({ path, kind }: ServicePlan['upgrades'][number]) => path === `/${kind}Config`;

const row = ({ name, providerId, builderId, live, url }: Service) => [name, providerId, builderId, liveText(live), url];

const liveText = (live: Service['live']) =>
  live ? `#${live.number} ${live.source?.revision?.slice(0, 19) ?? ''}` : '–';

const details = (service: Service): Record<string, string> => ({
  name: service.name,
  id: service.id,
  url: service.url,
  live: liveText(service.live),
  provider: `${service.providerId} ${service.providerVersion} ${JSON.stringify(service.providerConfig)}`,
  builder: `${service.builderId} ${service.builderVersion} ${JSON.stringify(service.builderConfig)}`,
  runtime: `${service.runtimeId} ${service.runtimeVersion} ${JSON.stringify(service.runtimeConfig)}`,
  variables: Object.entries(service.variables).map(variableText).join(' ') || '–',
  hostnames: service.hostnames.join(' ') || '–',
  schedules: service.schedules.map(scheduleText).join(', ') || '–',
  project: service.projectId,
  updated: service.updatedAt,
});

const scheduleText = ({ name, cron, timeZone, nextAt }: Service['schedules'][number]) =>
  `${name} (${cron} ${timeZone}, next ${nextAt ?? 'never'})`;

const variableText = ([name, value]: [string, unknown]) =>
  `${name}=${typeof value === 'string' ? JSON.stringify(value) : '(secret)'}`;
