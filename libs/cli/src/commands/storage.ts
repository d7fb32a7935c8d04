import { dataOf, type StorageReport } from '@pierhead/client';
import { bytes as bytesOf } from '../bytes.js';
import { columns, listing } from '../columns.js';
import type { AddCommands } from '../session.js';

export const addStorage: AddCommands = (program, session) => {
  program
    .command('storage')
    .description('tell which artifacts and uploads are kept, and why')
    .action(async () => {
      const { client, show } = await session();
      const report = await dataOf(client.GET('/storage'));
      show(report, () => [totals(report), artifacts(report), uploads(report)].join('\n\n'));
    });
};

const totals = ({ artifacts, uploads, disk }: StorageReport) =>
  listing({
    artifacts: `${artifacts.count}, ${bytesOf(artifacts.bytes)}${artifacts.budget === null ? '' : ` of ${bytesOf(artifacts.budget)}`}`,
    uploads: `${uploads.count}, ${bytesOf(uploads.bytes)}`,
    'free disk': `${bytesOf(disk.freeBytes)} of ${bytesOf(disk.bytes)}`,
  });

const artifacts = ({ artifacts: { items } }: StorageReport) =>
  columns(
    ['artifact', 'kind', 'size', 'kept for'],
    items.map(({ digest, kind, bytes, keptFor }) => [
      digest.slice(0, 19),
      kind,
      bytesOf(bytes),
      keptFor.map(({ reason, deploymentId }) => `${reason} ${deploymentId}`).join(', ') || 'nothing any more',
    ]),
    'No artifacts are kept.',
  );

const uploads = ({ uploads: { items } }: StorageReport) =>
  columns(
    ['upload', 'size', 'kept'],
    items.map(({ id, bytes, inUse, keptUntil }) => [id, bytesOf(bytes), inUse ? 'in use' : `until ${keptUntil}`]),
    'No uploads are kept.',
  );
