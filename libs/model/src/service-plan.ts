import { nullable } from './common.js';
import { ConfigProblem } from './registry-entry.js';
import { Upgrade } from './service-resolution.js';
import { Revision } from './source.js';
import { type Static, Type } from './typebox.js';

/** What a service would deploy from: asked of the catalog, which asks the outside world. */
export const SourceLookup = Type.Object(
  {
    providerId: Type.String(),
    providerVersion: Type.Optional(Type.String()),
    providerConfig: Type.Record(Type.String(), Type.Unknown()),
    ref: Type.Optional(Type.String()),
    revision: Type.Optional(Type.String()),
    /** The uploads that the config names, by id: the catalog has no storage. */
    uploads: Type.Record(
      Type.String(),
      Type.Object({ digest: Type.String(), format: Type.Enum(['tar', 'tar.gz', 'zip']) }),
    ),
  },
  { additionalProperties: false },
);
export type SourceLookup = Static<typeof SourceLookup>;

export const SourceAnswer = Type.Object({ revision: nullable(Revision), problems: Type.Array(ConfigProblem) });
export type SourceAnswer = Static<typeof SourceAnswer>;

const Entry = Type.Object({ id: Type.String(), version: Type.String() });

/** A value that differs from the live release; a secret is shown as `{ secret: true }`. */
export const Change = Type.Object({ path: Type.String(), from: Type.Unknown(), to: Type.Unknown() });
export type Change = Static<typeof Change>;

export const ServicePlan = Type.Object({
  provider: Entry,
  builder: Entry,
  runtime: Entry,
  revision: nullable(Revision),
  artifact: nullable(
    Type.Object({
      key: Type.String({ description: 'The same key means the same content, builder and config.' }),
      reused: Type.Boolean({ description: 'Whether a deployment would reuse an artifact instead of building.' }),
    }),
  ),
  changes: Type.Array(Change, { description: 'Against the live release; everything when nothing is live.' }),
  upgrades: Type.Array(Upgrade, {
    description: 'Newer versions of what the service uses, with its configs as they are and as they would become.',
  }),
  problems: Type.Array(ConfigProblem, { description: 'What would make a deployment fail.' }),
});
export type ServicePlan = Static<typeof ServicePlan>;
