import { nullable } from './common.js';
import { EntryKind } from './plugin.js';
import { ConfigProblem } from './registry-entry.js';
import { ServiceInput } from './service.js';
import { type Static, Type } from './typebox.js';

const strict = { additionalProperties: false };
/** What a service has chosen: its entries, their versions and their configs. */
const ServiceChoice = Type.Pick(
  ServiceInput,
  [
    'providerId',
    'builderId',
    'runtimeId',
    'providerVersion',
    'builderVersion',
    'runtimeVersion',
    'providerConfig',
    'builderConfig',
    'runtimeConfig',
    'fallbackSources',
  ],
  strict,
);

export type ServiceChoice = Static<typeof ServiceChoice>;

const choiceKeys = Object.keys(ServiceChoice.properties) as (keyof ServiceChoice)[];

/** The part of a service, in whichever form it is at hand, that says what it has chosen. */
export const choiceOf = <T extends { [K in keyof ServiceChoice]: unknown }>(service: T) =>
  Object.fromEntries(choiceKeys.map((key) => [key, service[key]])) as Pick<T, keyof ServiceChoice>;

/**
 * What the api asks the catalog before it saves a service; secrets are given as plain text. `previous` is what is
 * stored: immutable fields are held against it, and an entry that it has already may be disabled by now.
 */
export const ServiceResolutionRequest = Type.Object(
  { ...ServiceChoice.properties, previous: Type.Optional(ServiceChoice) },
  strict,
);
export type ServiceResolutionRequest = Static<typeof ServiceResolutionRequest>;

const Resolved = nullable(Type.Object({ id: Type.String(), version: Type.String() }));
const Config = Type.Record(Type.String(), Type.Unknown());
const keys = Type.Array(Type.String({ description: 'A field key; `parent.child` inside an object.' }));

/** `provider`, `builder` and `runtime` are null where the id is unknown; configs are normalised. */
export const ServiceResolution = Type.Object({
  valid: Type.Boolean(),
  errors: Type.Array(ConfigProblem),
  warnings: Type.Array(ConfigProblem),
  provider: Resolved,
  builder: Resolved,
  runtime: nullable(Type.Object({ id: Type.String(), version: Type.String(), commands: Type.Boolean() })),
  providerConfig: Config,
  builderConfig: Config,
  runtimeConfig: Config,
  fallbackSources: Type.Array(
    Type.Object({ providerId: Type.String(), providerVersion: Type.String(), providerConfig: Config, secrets: keys }),
  ),
  secrets: Type.Object({ providerConfig: keys, builderConfig: keys, runtimeConfig: keys }),
});
export type ServiceResolution = Static<typeof ServiceResolution>;

/** What an entry's newer version would make of a config; `problems` are what keeps it from being taken. */
export const Upgrade = Type.Object({
  path: Type.String({
    description: 'Where its config stands in the service: `/providerConfig`, `/fallbackSources/0/providerConfig`.',
  }),
  kind: EntryKind,
  id: Type.String(),
  from: Type.String(),
  to: Type.String(),
  before: Config,
  after: Config,
  problems: Type.Array(ConfigProblem),
});
export type Upgrade = Static<typeof Upgrade>;

/** What the catalog tells of a stored service: what newer versions would make of it, and what it can no longer use. */
export const UpgradePreview = Type.Object({ upgrades: Type.Array(Upgrade), problems: Type.Array(ConfigProblem) });
export type UpgradePreview = Static<typeof UpgradePreview>;
