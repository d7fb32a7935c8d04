import { type AppLogLine, type Client, dataOf, followOutput } from '@pierhead/client';
import { findService } from '../find-service.js';
import { count } from '../options.js';
import { printable } from '../printable.js';
import type { AddCommands } from '../session.js';

interface Options {
  follow: boolean;
  tail: number;
  environment: string;
}

export const addOutput: AddCommands = (program, session) => {
  program
    .command('output')
    .argument('<service>', 'its name or id')
    .description('print what a service writes while it runs; with --json each line is an object')
    .option('--follow', 'go on with what comes', false)
    .option('--tail <count>', 'so many of the last lines', count, 100)
    .option('--environment <name>', 'of this environment', 'production')
    .action(async (nameOrId: string, { follow, ...which }: Options) => {
      const { client, json } = await session();
      const { id } = await findService(client, nameOrId);
      const lines = follow ? followOutput(client, id, which) : await lastLines(client, id, which);
      for await (const line of lines) process.stdout.write(`${json ? JSON.stringify(line) : printable(line.text)}\n`);
    });
};

async function lastLines(client: Client, id: string, { tail, environment }: Omit<Options, 'follow'>) {
  const params = { path: { id }, query: { tail, environment, limit: tail } };
  const page = await dataOf(client.GET('/services/{id}/logs', { params }));
  return (page as { items: AppLogLine[] }).items;
}
