import { dataOf, type WorkerInfo } from '@pierhead/client';
import { columns } from '../columns.js';
import type { AddCommands } from '../session.js';

export const addWorkers: AddCommands = (program, session) => {
  program
    .command('workers')
    .description('list workers: their slots, and what each can build and run')
    .action(async () => {
      const { client, show } = await session();
      const workers = await dataOf(client.GET('/workers'));
      const headings = ['id', 'running', 'builders', 'runtimes', 'last heartbeat'];
      show(workers, () => columns(headings, workers.map(row), 'No worker runs: deployments wait.'));
    });
};

const row = ({ id, running, slots, capabilities, lastHeartbeatAt }: WorkerInfo) => [
  id,
  `${running}/${slots}`,
  available(capabilities.builders),
  available(capabilities.runtimes),
  lastHeartbeatAt,
];

const available = (entries: { id: string; available: boolean }[]) =>
  entries.map((entry) => (entry.available ? entry.id : `(${entry.id})`)).join(', ');
