import { Environment, Id, nullable, Timestamp } from './common.js';
import { ArtifactKind } from './kinds.js';
import { type Static, Type } from './typebox.js';

/** Why an artifact is kept. */
export const KeptFor = Type.Object({
  reason: Type.Enum(['live', 'unfinished', 'rollback'], {
    description:
      '`live`: it serves traffic. `unfinished`: a deployment that waits or runs has it. `rollback`: it is one of the newest releases, as many as `delivery.keepReleases` says.',
  }),
  deploymentId: Id,
  serviceId: Id,
  environment: Environment,
});
export type KeptFor = Static<typeof KeptFor>;

const KeptArtifact = Type.Object({
  kind: ArtifactKind,
  digest: Type.String(),
  bytes: Type.Integer({ description: 'Images that share layers count these in each.' }),
  keptFor: Type.Array(KeptFor, { description: 'Empty: the next collection removes it.' }),
});

const KeptUpload = Type.Object({
  id: Id,
  digest: Type.String(),
  bytes: Type.Integer(),
  inUse: Type.Boolean({ description: 'Whether a service, or a deployment whose artifact is kept, names it.' }),
  keptUntil: Type.Union([Timestamp], {
    description: 'Where nothing uses it: when it may go, a day after it was last uploaded.',
  }),
});
export type KeptUpload = Static<typeof KeptUpload>;

const total = { count: Type.Integer(), bytes: Type.Integer() };

/** What is kept on disk, and why. */
export const StorageReport = Type.Object({
  artifacts: Type.Object({
    ...total,
    budget: nullable(Type.Integer({ description: 'Bytes that rollback releases must fit in; null without a limit.' })),
    items: Type.Array(KeptArtifact, { description: 'The largest first.' }),
  }),
  uploads: Type.Object({ ...total, items: Type.Array(KeptUpload, { description: 'The largest first.' }) }),
  disk: Type.Object(
    { bytes: Type.Integer(), freeBytes: Type.Integer() },
    { description: "The file system of the API's data folder." },
  ),
});
export type StorageReport = Static<typeof StorageReport>;
