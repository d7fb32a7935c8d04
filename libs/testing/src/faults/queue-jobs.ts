import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import type { FaultStack } from './fault-stack.js';

const states = ['waiting', 'active', 'delayed', 'prioritized', 'failed', 'completed'] as const;
type State = (typeof states)[number];

/** The ids of the deployments that any queue holds a job for, be it waiting, running or left behind. */
export async function jobsOf(stack: FaultStack): Promise<string[]> {
  const living = await stack.sql<
    { id: string }[]
  >`select id from workers where last_heartbeat_at > now() - interval '30 seconds'`;
  const names = ['deployments', ...living.map(({ id }) => `deployments-${id}`)];
  return stack.redisUrl ? onRedis(stack.redisUrl, names) : onPostgres(stack.databaseUrl, names);
}

async function onRedis(url: string, names: string[]): Promise<string[]> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  connection.on('error', () => {});
  try {
    return await collect(
      names.map((name) => new Queue<{ deploymentId: string }>(name, { connection, skipMetasUpdate: true })),
    );
  } finally {
    connection.disconnect();
  }
}

async function onPostgres(connectionString: string, names: string[]): Promise<string[]> {
  const classes = withBackend(createPostgresBackend);
  const connection = { connectionString, max: 1 };
  return collect(
    names.map((name) => new classes.Queue<{ deploymentId: string }>(name, { connection, skipMetasUpdate: true })),
  );
}

interface Jobs {
  getJobs(wanted: State[]): Promise<({ data: { deploymentId: string } } | undefined)[]>;
  close(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}

async function collect(queues: Jobs[]): Promise<string[]> {
  const found: string[] = [];
  for (const queue of queues) {
    queue.on('error', () => {});
    for (const job of await queue.getJobs([...states])) if (job) found.push(job.data.deploymentId);
    await queue.close();
  }
  return found;
}
