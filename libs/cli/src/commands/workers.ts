import { dataOf, type WorkerInfo } from '@pierhead/client';
import { columns } from '../columns.js';
import type { AddCommands } from '../session.js';

export const addWorkers: AddCommands = (program, session) => {
  program
    .command('workers')
    .description('list workers: their slots, what each can build and run, and why one takes nothing')
    .action(async () => {
      const { client, show } = await session();
      const workers = await dataOf(client.GET('/workers'));
      const headings = ['id', 'running', 'builders', 'runtimes', 'last heartbeat', 'takes none because'];
      show(workers, () => columns(headings, workers.map(row), 'No worker runs: deployments wait.'));
    });
};

const row = ({ id, running, slots, capabilities, lastHeartbeatAt, refusal }: WorkerInfo) => [
  id,
  `${running}/${slots}`,
  available(capabilities.builders),
  available(capabilities.runtimes),
  lastHeartbeatAt,
  refusal ?? '',
];

const available = (entries: { id: string; available: boolean }[]) =>
  entries.map((entry) => (entry.available ? entry.id : `(${entry.id})`)).join(', ');
