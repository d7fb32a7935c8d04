import { type Client, type Command, dataOf, followCommand } from '@pierhead/client';
import { columns } from '../columns.js';
import { CommandFailure } from '../failure.js';
import { findService } from '../find-service.js';
import { count } from '../options.js';
import { printable } from '../printable.js';
import type { AddCommands, Session } from '../session.js';

interface RunOptions {
  environment?: string;
  timeout?: number;
  wait: boolean;
}

export const addRun: AddCommands = (program, session) => {
  program
    .command('run')
    .argument('<service>', 'its name or id')
    .argument('<command...>', 'the program and its arguments, after --; no shell reads them')
    .description('run a command in the live release, print what it writes, and exit with its exit code')
    .option('--environment <name>', 'production unless given')
    .option('--timeout <seconds>', 'how long it may take; an hour unless given', count)
    .option('--no-wait', 'print the id of the command and do not follow it')
    .action(async (nameOrId: string, command: string[], { wait, timeout, ...more }: RunOptions) => {
      const open = await session();
      const { id } = await findService(open.client, nameOrId);
      const body = { ...more, command, ...(timeout === undefined ? {} : { timeoutSeconds: timeout }) };
      const accepted = await dataOf(open.client.POST('/services/{id}/commands', { params: { path: { id } }, body }));
      if (!wait) return open.show(accepted, () => accepted.id);
      await follow(open, accepted);
    });

  const commands = program.command('commands').description('list and cancel commands, and print what they wrote');

  commands
    .command('list')
    .argument('<service>', 'its name or id')
    .description("list a service's commands, newest first, with the times at which a schedule was skipped")
    .option('--limit <count>', 'at most so many', count, 20)
    .action(async (nameOrId: string, { limit }: { limit: number }) => {
      const { client, show } = await session();
      const { id } = await findService(client, nameOrId);
      const params = { path: { id }, query: { limit } };
      const { items } = await dataOf(client.GET('/services/{id}/commands', { params }));
      show(items, () => columns(headings, items.map(row), 'There are no commands yet.'));
    });

  commands
    .command('output')
    .argument('<command>', 'its id')
    .description('print what a command writes, until it ends')
    .action(async (id: string) => {
      const { client, json } = await session();
      for await (const line of followCommand(client, id))
        process.stdout.write(`${json ? JSON.stringify(line) : printable(line.text)}\n`);
    });

  commands
    .command('cancel')
    .argument('<command>', 'its id')
    .description('stop a command')
    .action(async (id: string) => {
      const { client, show } = await session();
      const command = await dataOf(client.POST('/commands/{id}/cancel', { params: { path: { id } } }));
      show(command, () => `The command is ${command.status === 'running' ? 'being stopped' : command.status}.`);
    });
};

/** Its two streams go where they would go without Pierhead. A Ctrl-C stops the command, and a second one the waiting. */
async function follow({ client, json, show }: Session, { id }: Command): Promise<void> {
  const cancel = () => void client.POST('/commands/{id}/cancel', { params: { path: { id } } }).catch(() => {});
  process.once('SIGINT', cancel);
  for await (const { stream, text } of followCommand(client, id))
    if (!json) process[stream === 'stdout' ? 'stdout' : 'stderr'].write(`${printable(text)}\n`);
  process.off('SIGINT', cancel);
  const command = await read(client, id);
  if (json) show(command, () => '');
  if (command.status !== 'succeeded' && command.exitCode === null && !json) throw new CommandFailure(command);
  process.exitCode = command.exitCode ?? (command.status === 'succeeded' ? 0 : 1);
}

const read = (client: Client, id: string) => dataOf(client.GET('/commands/{id}', { params: { path: { id } } }));

const headings = ['status', 'code', 'by', 'command', 'id', 'created', 'why'];
const row = ({ status, exitCode, trigger, command, id, createdAt, error, reason }: Command) => [
  status,
  exitCode === null ? '' : String(exitCode),
  trigger.event ?? trigger.actor ?? '',
  printable(command.join(' ')).slice(0, 60),
  id,
  createdAt,
  error?.code ?? reason ?? '',
];
