import { dataOf, type ReleaseMetrics, type ServiceMetrics } from '@pierhead/client';
import { bytes } from '../bytes.js';
import { columns } from '../columns.js';
import { findService } from '../find-service.js';
import type { AddCommands } from '../session.js';

export const addMetrics: AddCommands = (program, session) => {
  program
    .command('metrics')
    .argument('<service>', 'its name or id')
    .description('tell what the releases of a service take and answer now')
    .option('--environment <name>', 'of this environment', 'production')
    .action(async (nameOrId: string, { environment }: { environment: string }) => {
      const { client, show } = await session();
      const { id } = await findService(client, nameOrId);
      const params = { path: { id }, query: { environment } };
      const metrics = (await dataOf(client.GET('/services/{id}/metrics', { params }))) as ServiceMetrics;
      show(metrics, () => table(metrics));
    });
};

const headings = ['release', 'cpu', 'memory', 'restarts', 'requests/s', '4xx', '5xx', 'p50', 'p95', 'p99'];

/** The live one, and whatever else still does something. */
const table = ({ releases }: ServiceMetrics) =>
  columns(headings, releases.filter(({ live, latest }) => live || latest).map(row), 'Nothing is live there.');

function row({ number, live, latest }: ReleaseMetrics): string[] {
  const name = `#${number ?? '?'}${live ? ' (live)' : ''}`;
  if (!latest) return [name, '-', '-', '-', '0', '-', '-', '-', '-', '-'];
  const { cpuCores, memoryBytes, memoryLimitBytes, restarts, requestsPerSecond, responses, p50Ms, p95Ms, p99Ms } =
    latest;
  const limit = memoryLimitBytes === null ? '' : ` of ${bytes(memoryLimitBytes)}`;
  return [
    name,
    cpuCores === null ? '-' : cpuCores.toFixed(2),
    memoryBytes === null ? '-' : `${bytes(memoryBytes)}${limit}`,
    restarts === null ? '-' : String(restarts),
    requestsPerSecond.toFixed(1),
    String(responses['4xx']),
    String(responses['5xx']),
    ...[p50Ms, p95Ms, p99Ms].map((ms) => (ms === null ? '-' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`)),
  ];
}
