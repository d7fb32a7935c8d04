import { type Client, dataOf } from './create-client.js';
import { resumedEvents } from './resumed-events.js';
import type { components } from './schema.js';

type Deployment = components['schemas']['Deployment'];
type LogLine = components['schemas']['LogLine'];
type ServiceMetrics = components['schemas']['ServiceMetrics'];
type CommandLine = components['schemas']['CommandLine'];
type AppLogLine = components['schemas']['AppLogLine'];

export interface FollowOptions {
  signal?: AbortSignal;
}

const stream = { parseAs: 'stream' } as const;

/** A deployment as it is and at each change, until it ends. A dropped connection is made again. */
export async function* followEvents(client: Client, deploymentId: string, { signal }: FollowOptions = {}) {
  const params = { path: { id: deploymentId } };
  const open = () => dataOf(client.GET('/deployments/{id}/events', { params, signal, ...stream }));
  for await (const { data } of resumedEvents(open, signal)) {
    const deployment = JSON.parse(data) as Deployment;
    yield deployment;
    if (isFinal(deployment)) return;
  }
}

const isFinal = ({ status }: Deployment) => status !== 'queued' && status !== 'running';

/** A deployment's log lines as they come, until it ends. After a dropped connection they go on where they stopped. */
export function followLogs(
  client: Client,
  deploymentId: string,
  { signal, after = 0 }: FollowOptions & { after?: number } = {},
): AsyncGenerator<LogLine, void> {
  const params = { path: { id: deploymentId }, query: { after } };
  const open = (headers: Record<string, string>) =>
    dataOf(client.GET('/deployments/{id}/logs', { params, headers, signal, ...stream }));
  return followLines(open, signal);
}

/** What a command writes, until it ends. */
export function followCommand(
  client: Client,
  commandId: string,
  { signal }: FollowOptions = {},
): AsyncGenerator<CommandLine, void> {
  const params = { path: { id: commandId } };
  const open = (headers: Record<string, string>) =>
    dataOf(client.GET('/commands/{id}/logs', { params, headers, signal, ...stream }));
  return followLines(open, signal);
}

/** What a service writes while it runs, from the last `tail` lines on, until it is removed. */
export function followOutput(
  client: Client,
  serviceId: string,
  { signal, ...query }: FollowOptions & { environment?: string; tail?: number } = {},
): AsyncGenerator<AppLogLine, void> {
  const params = { path: { id: serviceId }, query };
  const open = (headers: Record<string, string>) =>
    dataOf(client.GET('/services/{id}/logs', { params, headers, signal, ...stream }));
  return followLines(open, signal);
}

/** What the releases of a service take and answer: all that was asked for, then the points that are new, until it is removed. */
export async function* followMetrics(
  client: Client,
  serviceId: string,
  { signal, ...query }: FollowOptions & { environment?: string; from?: string; stepSeconds?: number } = {},
): AsyncGenerator<ServiceMetrics, void> {
  const params = { path: { id: serviceId }, query };
  const open = (lastEventId: string | null) =>
    dataOf(client.GET('/services/{id}/metrics', { params, headers: eventsFrom(lastEventId), signal, ...stream }));
  for await (const { event, data } of resumedEvents(open, signal)) {
    if (event === 'end') return;
    if (event === 'metrics') yield JSON.parse(data) as ServiceMetrics;
  }
}

const eventsFrom = (lastEventId: string | null) => ({
  accept: 'text/event-stream',
  ...(lastEventId ? { 'last-event-id': lastEventId } : {}),
});

async function* followLines<Line>(
  open: (headers: Record<string, string>) => Promise<ReadableStream | null>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Line, void> {
  const openAt = (lastEventId: string | null) => open(eventsFrom(lastEventId));
  for await (const { event, data } of resumedEvents(openAt, signal)) {
    if (event === 'end') return;
    if (event === 'line') yield JSON.parse(data) as Line;
  }
}
