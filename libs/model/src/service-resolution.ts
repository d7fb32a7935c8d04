import { nullable } from './common.js';
import { ConfigProblem } from './registry-entry.js';
import { ServiceInput } from './service.js';
import { type Static, Type } from './typebox.js';

const strict = { additionalProperties: false };
const { providerId, builderId, runtimeId, providerConfig, builderConfig, runtimeConfig } = ServiceInput.properties;

/** What the api asks the catalog before it saves a service; secrets are given as plain text. */
export const ServiceResolutionRequest = Type.Object(
  { providerId, builderId, runtimeId, providerConfig, builderConfig, runtimeConfig },
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
  runtime: Resolved,
  providerConfig: Config,
  builderConfig: Config,
  runtimeConfig: Config,
  secrets: Type.Object({ providerConfig: keys, builderConfig: keys, runtimeConfig: keys }),
});
export type ServiceResolution = Static<typeof ServiceResolution>;
