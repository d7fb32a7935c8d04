import { type Client, dataOf, type Token } from '@pierhead/client';
import { type Command, Option } from 'commander';
import { columns, listing } from '../columns.js';
import { CliError } from '../failure.js';
import { allItems } from '../pages.js';
import type { AddCommands } from '../session.js';

interface CreateOptions {
  name: string;
  scope: Token['scopes'];
  project?: string[];
  expiresAt?: string;
}

export const addTokens: AddCommands = (program, session) => {
  const tokens = program.command('tokens').description('list, create and remove tokens');

  tokens
    .command('list')
    .description('list tokens, newest first')
    .action(async () => {
      const { client, show } = await session();
      const found = await allTokens(client);
      const headings = ['name', 'scopes', 'projects', 'id', 'expires', 'last used'];
      show(found, () => columns(headings, found.map(row), 'There are no tokens but the one of the configuration.'));
    });

  addCreate(tokens, session);

  tokens
    .command('remove')
    .argument('<token>', 'its name or id')
    .description('remove a token; it is refused from now on')
    .action(async (nameOrId: string) => {
      const { client, show } = await session();
      const { id, name } = await findToken(client, nameOrId);
      await client.DELETE('/tokens/{id}', { params: { path: { id } } });
      show({ id, name }, () => `${name} is removed.`);
    });
};

const addCreate = (tokens: Command, session: Parameters<AddCommands>[1]) =>
  tokens
    .command('create')
    .description('create a token; it is shown once')
    .requiredOption('--name <name>', 'lower-case letters, digits and dashes; the audit log names it')
    .addOption(scopeOption())
    .option('--project <id...>', 'a project that it is limited to; repeat it. It reaches everything unless given')
    .option('--expires-at <time>', 'such as 2030-01-31T12:00:00Z; never unless given')
    .action(async ({ name, scope, project, expiresAt }: CreateOptions) => {
      const { client, show } = await session();
      const limits = { ...(project ? { projects: project } : {}), ...(expiresAt ? { expiresAt } : {}) };
      const body = { name, scopes: scope, ...limits };
      const created = await dataOf(client.POST('/tokens', { body }));
      show(created, () => listing({ ...details(created), token: created.token }));
    });

const scopeOption = () =>
  new Option('--scope <scope...>', 'what it may do; repeat it. admin includes deploy, deploy includes read')
    .choices(['read', 'deploy', 'admin'])
    .makeOptionMandatory();

const allTokens = (client: Client): Promise<Token[]> =>
  allItems((query) => client.GET('/tokens', { params: { query } }));

async function findToken(client: Client, nameOrId: string): Promise<Token> {
  const all = await allTokens(client);
  const found = all.find(({ name }) => name === nameOrId) ?? all.find(({ id }) => id === nameOrId);
  if (found) return found;
  throw new CliError('token_not_found', `There is no token “${nameOrId}”.`, '`pierhead tokens list` shows them.');
}

const row = ({ name, scopes, projects, id, expiresAt, lastUsedAt }: Token) => [
  name,
  scopes.join(', '),
  limitOf(projects),
  id,
  expiresAt ?? 'never',
  lastUsedAt ?? 'never',
];

const limitOf = (projects: Token['projects']) => projects?.join(', ') ?? 'all';

const details = ({ name, id, scopes, projects, expiresAt }: Token) => ({
  name,
  id,
  scopes: scopes.join(', '),
  projects: limitOf(projects),
  expires: expiresAt ?? 'never',
});
