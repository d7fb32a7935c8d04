import { dataOf, type StorageReport } from '@pierhead/client';
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
    artifacts: `${artifacts.count}, ${size(artifacts.bytes)}${artifacts.budget === null ? '' : ` of ${size(artifacts.budget)}`}`,
    uploads: `${uploads.count}, ${size(uploads.bytes)}`,
    'free disk': `${size(disk.freeBytes)} of ${size(disk.bytes)}`,
  });

const artifacts = ({ artifacts: { items } }: StorageReport) =>
  columns(
    ['artifact', 'kind', 'size', 'kept for'],
    items.map(({ digest, kind, bytes, keptFor }) => [
      digest.slice(0, 19),
      kind,
      size(bytes),
      keptFor.map(({ reason, deploymentId }) => `${reason} ${deploymentId}`).join(', ') || 'nothing any more',
    ]),
    'No artifacts are kept.',
  );

const uploads = ({ uploads: { items } }: StorageReport) =>
  columns(
    ['upload', 'size', 'kept'],
    items.map(({ id, bytes, inUse, keptUntil }) => [id, size(bytes), inUse ? 'in use' : `until ${keptUntil}`]),
    'No uploads are kept.',
  );

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

function size(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power > 0 ? 1 : 0)} ${units[power]}`;
}
