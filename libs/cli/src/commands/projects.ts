import { columns } from '../columns.js';
import { allItems } from '../pages.js';
import type { AddCommands } from '../session.js';

export const addProjects: AddCommands = (program, session) => {
  program
    .command('projects')
    .description('list projects')
    .action(async () => {
      const { client, show } = await session();
      const projects = await allItems((query) => client.GET('/projects', { params: { query } }));
      const rows = projects.map(({ id, name, createdAt }) => [name, id, createdAt]);
      show(projects, () => columns(['name', 'id', 'created'], rows, 'There are no projects yet.'));
    });
};
