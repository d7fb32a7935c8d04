import { dataOf, type PluginInfo } from '@pierhead/client';
import { columns } from '../columns.js';
import type { AddCommands } from '../session.js';

export const addPlugins: AddCommands = (program, session) => {
  const plugins = program.command('plugins').description('list plugins, and read them anew');

  plugins
    .command('list')
    .description('list plugins: what each brought, or why not')
    .action(async () => {
      const { client, show } = await session();
      const found = await dataOf(client.GET('/plugins'));
      show(found, () => tableOf(found));
    });

  plugins
    .command('reload')
    .description('read the plugins anew; deployments under way keep what they started with')
    .action(async () => {
      const { client, show } = await session();
      const found = await dataOf(client.POST('/plugins/reload'));
      show(found, () => tableOf(found));
    });
};

const tableOf = (plugins: PluginInfo[]) =>
  columns(['plugin', 'version', 'entries', 'problems'], plugins.map(row), 'There are no plugins.');

const row = ({ source, name, version, entries, problems }: PluginInfo) => [
  name ?? source,
  version ?? '',
  entries.map((entry) => `${entry.kind} ${entry.id} ${entry.version}${entry.kept ? ' (as before)' : ''}`).join(', '),
  problems.map(({ path, message }) => `${path} ${message}`.trim()).join(' '),
];
