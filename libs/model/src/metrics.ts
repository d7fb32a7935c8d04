import { Environment, Id, nullable, Timestamp } from './common.js';
import { type Static, Type } from './typebox.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const amount = (description: string) => nullable(Type.Number({ minimum: 0, description }));
const whole = (description: string) => nullable(count(description));

/** What a release took and answered in one step. Null: it was not measured. */
export const ReleaseFigures = Type.Object({
  at: Type.Union([Timestamp], { description: 'Where the step begins.' }),
  cpuCores: amount('Processor cores in use on average, of all replicas.'),
  memoryBytes: whole('The most that all replicas held together.'),
  memoryLimitBytes: whole('What they may hold together; null without a limit, too.'),
  pids: whole('The most processes and threads.'),
  replicas: whole('The most replicas that ran.'),
  restarts: whole('How often its replicas had been started again.'),
  receivedBytesPerSecond: amount('Over the networks of its replicas.'),
  sentBytesPerSecond: amount('Over the networks of its replicas.'),
  requests: count('How many requests the gateways ended; WebSockets are not among them.'),
  requestsPerSecond: Type.Number({ minimum: 0 }),
  responses: Type.Object(
    {
      '1xx': count(''),
      '2xx': count(''),
      '3xx': count(''),
      '4xx': count(''),
      '5xx': count('The gateway answers with some of them itself, where it cannot reach the release.'),
      unanswered: count('The client left before there was an answer.'),
    },
    { description: 'Requests by the class of their status.' },
  ),
  p50Ms: amount(
    'Half of the requests were answered within this time: from their arrival at the gateway to the headers of the answer.',
  ),
  p95Ms: amount('95 of 100 were.'),
  p99Ms: amount('99 of 100 were.'),
});
export type ReleaseFigures = Static<typeof ReleaseFigures>;

export const ReleaseMetrics = Type.Object({
  deploymentId: Id,
  number: nullable(Type.Integer({ description: 'The number of its deployment; null once that is forgotten.' })),
  live: Type.Boolean(),
  latest: nullable(Type.Union([ReleaseFigures], { description: 'Of the last half minute, whatever was asked for.' })),
  points: Type.Array(ReleaseFigures, {
    description: 'By time. A step in which nothing was measured and nothing was asked for has none.',
  }),
});
export type ReleaseMetrics = Static<typeof ReleaseMetrics>;

/** What the releases of a service and environment took and answered. */
export const ServiceMetrics = Type.Object({
  environment: Environment,
  from: Timestamp,
  to: Timestamp,
  stepSeconds: Type.Integer({ description: 'At least as long as figures of that age are kept in.' }),
  releases: Type.Array(ReleaseMetrics, { description: 'Those with figures in that time, and the live one.' }),
});
export type ServiceMetrics = Static<typeof ServiceMetrics>;

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

export const MetricsQuery = Type.Object({
  environment: Type.Unsafe<string>({ ...Environment, default: 'production' }),
  from: time('Not earlier than this; an hour before the end unless given.'),
  to: time('Earlier than this; now unless given. A stream has no end.'),
  stepSeconds: Type.Optional(
    Type.Integer({
      minimum: 10,
      maximum: 86_400,
      multipleOf: 10,
      description: 'Seconds from point to point; unless given, so many that there are about 120 points at most.',
    }),
  ),
});
export type MetricsQuery = Static<typeof MetricsQuery>;
