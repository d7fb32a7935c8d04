import { type Client, type Deployment, dataOf, followLogs, type LogLine } from '@pierhead/client';
import { columns } from '../columns.js';
import { findService } from '../find-service.js';
import { logText } from '../log-text.js';
import { openEnvelope } from '../open-envelope.js';
import { count } from '../options.js';
import type { AddCommands } from '../session.js';

const batch = 1_000;

export const addDeployments: AddCommands = (program, session) => {
  const deployments = program
    .command('deployments')
    .argument('<service>', 'its name or id')
    .description("list a service's deployments, newest first")
    .option('--limit <count>', 'at most so many', count, 20)
    .action(async (nameOrId: string, { limit }: { limit: number }) => {
      const { client, show } = await session();
      const { id } = await findService(client, nameOrId);
      const params = { path: { id }, query: { limit } };
      const { items } = await dataOf(client.GET('/services/{id}/deployments', { params }));
      show(items, () => columns(headings, items.map(row), 'There are no deployments yet.'));
    });

  deployments
    .command('provenance')
    .argument('<deployment>', 'its id')
    .description("print how a deployment's artifact came about, as a signed envelope")
    .option('--verify', 'check the signature with the key of this Pierhead, and print the statement', false)
    .action(async (id: string, { verify }: { verify: boolean }) => {
      const { client } = await session();
      const envelope = await dataOf(client.GET('/deployments/{id}/provenance', { params: { path: { id } } }));
      const shown = verify ? openEnvelope(envelope, await dataOf(client.GET('/provenance-key'))) : envelope;
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    });

  program
    .command('logs')
    .argument('<deployment>', 'its id')
    .description("print a deployment's log; with --json each line is an object")
    .option('--follow', 'go on until the deployment ends', false)
    .action(async (id: string, { follow }: { follow: boolean }) => {
      const { client, json } = await session();
      const lines = follow ? followLogs(client, id) : storedLines(client, id);
      for await (const line of lines) process.stdout.write(`${json ? JSON.stringify(line) : logText(line)}\n`);
    });

  program
    .command('cancel')
    .argument('<deployment>', 'its id')
    .description('cancel a deployment')
    .action(async (id: string) => {
      const { client, show } = await session();
      const deployment = await dataOf(client.POST('/deployments/{id}/cancel', { params: { path: { id } } }));
      show(deployment, () => `Deployment ${deployment.number} is ${stateText(deployment)}.`);
    });
};

/** The first of the forms in which a log is answered. */
interface LogPage {
  items: LogLine[];
  nextAfter: number | null;
}

async function* storedLines(client: Client, id: string): AsyncGenerator<LogLine> {
  let after: number | null = 0;
  while (after !== null) {
    const params = { path: { id }, query: { after, limit: batch } };
    const page = (await dataOf(client.GET('/deployments/{id}/logs', { params }))) as LogPage;
    yield* page.items;
    after = page.nextAfter;
  }
}

const headings = ['number', 'status', 'environment', 'revision', 'id', 'created', 'why'];
const row = (deployment: Deployment) => [
  `#${deployment.number}${deployment.live ? ' live' : ''}`,
  stateText(deployment),
  deployment.environment,
  (deployment.source?.revision ?? '').slice(0, 19),
  deployment.id,
  deployment.createdAt,
  deployment.error?.code ?? '',
];

/** A running deployment that is being canceled stays `running` until its work has stopped. */
const stateText = ({ status, stage }: Deployment) => (status === 'running' && stage ? `${status} (${stage})` : status);
