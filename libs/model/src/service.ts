import { Hostname, Id, Name, nullable, Timestamp } from './common.js';
import { Deployment } from './deployment.js';
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

export const Delivery = Type.Object(
  {
    autoDeploy: Type.Boolean({ default: true }),
    queuePolicy: Type.Unsafe<QueuePolicy>({ ...QueuePolicy, default: 'latest-wins' }),
    keepReleases: Type.Integer({ minimum: 1, maximum: 100, default: 5 }),
  },
  strict,
);
export type Delivery = Static<typeof Delivery>;

const input = {
  name: Name,
  projectId: Type.Optional(Id),
  providerId: entryId,
  builderId: entryId,
  runtimeId: Type.Optional(entryId),
  providerConfig: Config,
  builderConfig: Config,
  runtimeConfig: Type.Optional(Config),
  variables: Type.Optional(VariablesInput),
  hostnames: Type.Optional(Type.Array(Hostname, { maxItems: 50, uniqueItems: true })),
  delivery: Type.Optional(Type.Partial(Delivery, strict)),
};

export const ServiceInput = Type.Object(input, strict);
export type ServiceInput = Static<typeof ServiceInput>;

/** A JSON merge patch (RFC 7396): null removes a key. The merged whole is validated like a new service. */
export const ServicePatch = Type.Record(Type.String(), Type.Unknown(), {
  description: 'JSON merge patch over the fields of a new service.',
});

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
  variables: Variables,
  hostnames: Type.Array(Type.String()),
  delivery: Delivery,
  url: Type.String(),
  live: nullable(Deployment),
  revision: Type.Integer({ description: 'Grows with every change of the service.' }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Service = Static<typeof Service>;
