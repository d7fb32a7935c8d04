import { Hostname, Id, Name, nullable, Timestamp } from './common.js';
import { Deployment } from './deployment.js';
import { ScheduleInput, ScheduleView } from './schedule.js';
import { type Static, Type } from './typebox.js';

/** A config whose shape its provider, builder or runtime defines; the catalog validates it. */
const Config = Type.Record(Type.String(), Type.Unknown());
const entryId = Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-z][a-z0-9-]*$' });

const plain = Type.String({ maxLength: 65_536 });
const strict = { additionalProperties: false };

const VariableInput = Type.Union([
  plain,
  Type.Object({ secret: Type.Literal(true), value: Type.Optional(plain) }, strict),
]);

export const VariablesInput = Type.Unsafe<Record<string, Static<typeof VariableInput>>>({
  type: 'object',
  maxProperties: 500,
  propertyNames: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' },
  additionalProperties: VariableInput,
  description: 'A secret sent without its value keeps the stored one.',
});
export type VariablesInput = Static<typeof VariablesInput>;

export const Variables = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Object({ secret: Type.Literal(true) })]),
);

export const QueuePolicy = Type.Enum(['latest-wins', 'cancel-running', 'queue-all']);
export type QueuePolicy = Static<typeof QueuePolicy>;

/** A word that an operator gave a worker, such as `gpu` or `region=eu`. */
export const WorkerLabel = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: '^[A-Za-z0-9]([A-Za-z0-9._=/-]*[A-Za-z0-9])?$',
});

/** How long each stage may take, and a deployment from its first start to its end, in seconds. */
export const defaultTimeouts = {
  resolveSeconds: 120,
  fetchSeconds: 900,
  buildSeconds: 1_800,
  releaseSeconds: 300,
  verifySeconds: 900,
  totalSeconds: 3_600,
} as const;

/** Of services from before it could be set, too. */
export const defaultDrainSeconds = 10;

const timeout = (name: keyof typeof defaultTimeouts) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400, description: `${defaultTimeouts[name]} unless given.` }));

const Timeouts = Type.Object(
  {
    resolveSeconds: timeout('resolveSeconds'),
    fetchSeconds: timeout('fetchSeconds'),
    buildSeconds: timeout('buildSeconds'),
    releaseSeconds: timeout('releaseSeconds'),
    verifySeconds: timeout('verifySeconds'),
    totalSeconds: timeout('totalSeconds'),
  },
  {
    ...strict,
    default: {},
    description: 'How long each stage may take, and the whole deployment from its first start to its end.',
  },
);
export type Timeouts = Required<Static<typeof Timeouts>>;

export const Delivery = Type.Object(
  {
    autoDeploy: Type.Boolean({ default: true }),
    queuePolicy: Type.Unsafe<QueuePolicy>({ ...QueuePolicy, default: 'latest-wins' }),
    keepReleases: Type.Integer({ minimum: 1, maximum: 100, default: 5 }),
    drainSeconds: Type.Integer({
      minimum: 0,
      maximum: 300,
      default: defaultDrainSeconds,
      description:
        'How long requests and WebSockets that are under way to the old release may take once the new one serves; then WebSockets are closed with 1001, and the old release is stopped.',
    }),
    guardSeconds: Type.Integer({
      minimum: 0,
      maximum: 3_600,
      default: 0,
      description:
        'How long a new release is watched once it serves, with the old one kept ready: when it restarts, ends, becomes unhealthy or answers far more requests with 5xx, the old one serves again and the deployment fails. 0: not at all.',
    }),
    workerLabels: Type.Array(WorkerLabel, {
      maxItems: 20,
      uniqueItems: true,
      default: [],
      description: 'Only a worker with all of these labels deploys the service.',
    }),
    timeouts: Timeouts,
  },
  strict,
);
export type Delivery = Static<typeof Delivery>;

const version = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'The newest when the service is created; after that, the one that it has until another is named.',
  }),
);

/** Where the same source can be had when its own place is down. */
const FallbackSource = Type.Object({ providerId: entryId, providerVersion: version, providerConfig: Config }, strict);

const input = {
  name: Name,
  projectId: Type.Optional(Id),
  providerId: entryId,
  builderId: entryId,
  runtimeId: Type.Optional(entryId),
  providerVersion: version,
  builderVersion: version,
  runtimeVersion: version,
  providerConfig: Config,
  builderConfig: Config,
  runtimeConfig: Type.Optional(Config),
  fallbackSources: Type.Optional(
    Type.Array(FallbackSource, {
      maxItems: 5,
      description: 'Tried in order when the source before is down, never when it answers "not found" or "denied".',
    }),
  ),
  variables: Type.Optional(VariablesInput),
  hostnames: Type.Optional(Type.Array(Hostname, { maxItems: 50, uniqueItems: true })),
  delivery: Type.Optional(Type.Partial(Delivery, strict)),
  schedules: Type.Optional(
    Type.Array(ScheduleInput, {
      maxItems: 20,
      description:
        'Commands that recur in what is live in production. A time at which the one before still runs is skipped.',
    }),
  ),
};

export const ServiceInput = Type.Object(input, strict);
export type ServiceInput = Static<typeof ServiceInput>;

const patched = (description: string) => Type.Optional(Type.Unknown({ description }));
const newEntry = 'Another one starts with an empty config, in its newest version.';
const newVersion = 'A config that is not patched at the same time is carried over to it.';
const newConfig = 'Merged into what is stored; a secret that is sent as it was shown stays as it is.';

/** A JSON merge patch (RFC 7396): null removes a key. The merged whole is validated like a new service. */
export const ServicePatch = Type.Unsafe<Record<string, unknown>>(
  Type.Object(
    {
      name: patched('Part of its URL.'),
      projectId: patched('The project to move it to.'),
      providerId: patched(newEntry),
      builderId: patched(`${newEntry} The runtime that fits comes with it unless one is named.`),
      runtimeId: patched(newEntry),
      providerVersion: patched(newVersion),
      builderVersion: patched(newVersion),
      runtimeVersion: patched(newVersion),
      providerConfig: patched(newConfig),
      builderConfig: patched(newConfig),
      runtimeConfig: patched(newConfig),
      fallbackSources: patched(
        'The whole list. A source in the same place with the same provider keeps its version and secrets.',
      ),
      variables: patched('Merged by name; null removes one.'),
      hostnames: patched('The whole list.'),
      delivery: patched('Merged into what is stored.'),
      schedules: patched('The whole list.'),
    },
    { ...strict, description: 'JSON merge patch over the fields of a new service.' },
  ),
);

export const Service = Type.Object({
  id: Id,
  name: Name,
  projectId: Id,
  providerId: Type.String(),
  providerVersion: Type.String(),
  builderId: Type.String(),
  builderVersion: Type.String(),
  runtimeId: Type.String(),
  runtimeVersion: Type.String(),
  providerConfig: Config,
  builderConfig: Config,
  runtimeConfig: Config,
  fallbackSources: Type.Array(
    Type.Object({ providerId: Type.String(), providerVersion: Type.String(), providerConfig: Config }),
  ),
  variables: Variables,
  hostnames: Type.Array(Type.String()),
  delivery: Delivery,
  schedules: Type.Array(ScheduleView),
  url: Type.String(),
  live: nullable(Deployment),
  revision: Type.Integer({ description: 'Grows with every change of the service.' }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Service = Static<typeof Service>;
