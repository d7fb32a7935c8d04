import { Environment, Id, nullable, Timestamp } from './common.js';
import { ArtifactKind } from './kinds.js';
import { type Static, Type } from './typebox.js';

/** The seven stages, in their order. */
export const stages = ['resolve', 'fetch', 'build', 'release', 'verify', 'switch', 'cleanup'] as const;
export const StageName = Type.Enum([...stages]);
export type StageName = Static<typeof StageName>;

export const DeploymentStatus = Type.Enum(['queued', 'running', 'succeeded', 'failed', 'canceled', 'superseded']);
export type DeploymentStatus = Static<typeof DeploymentStatus>;

/** Whether a deployment in this status will never change again. */
export const isFinal = (status: DeploymentStatus) => status !== 'queued' && status !== 'running';

export const StageStatus = Type.Enum(['running', 'succeeded', 'failed', 'canceled']);
export type StageStatus = Static<typeof StageStatus>;

export const Stage = Type.Object({
  name: StageName,
  status: StageStatus,
  startedAt: Timestamp,
  finishedAt: nullable(Timestamp),
  durationMs: nullable(Type.Integer()),
});
export type Stage = Static<typeof Stage>;

export const DeploymentError = Type.Object({
  code: Type.String(),
  stage: nullable(StageName),
  message: Type.String(),
  hint: nullable(Type.String()),
  line: nullable(Type.String({ description: 'The line of source or output that caused it.' })),
});
export type DeploymentError = Static<typeof DeploymentError>;

export const Trigger = Type.Object({
  kind: Type.String(),
  actor: nullable(Type.String()),
  event: nullable(Type.String()),
});
export type Trigger = Static<typeof Trigger>;

export const DeploymentInput = Type.Object(
  {
    environment: Type.Optional(Environment),
    ref: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    revision: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    force: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type DeploymentInput = Static<typeof DeploymentInput>;

export const RollbackInput = Type.Object(
  {
    deploymentId: Type.Optional(Id),
    environment: Type.Optional(Environment),
  },
  { additionalProperties: false },
);
export type RollbackInput = Static<typeof RollbackInput>;

export const Deployment = Type.Object({
  id: Id,
  serviceId: Id,
  number: Type.Integer({ description: 'Counts the deployments of a service, from 1.' }),
  environment: Environment,
  status: DeploymentStatus,
  stage: nullable(StageName),
  trigger: Trigger,
  source: nullable(
    Type.Object({
      providerId: nullable(Type.String({ description: 'The provider that it was fetched with.' })),
      fallback: nullable(
        Type.Integer({ description: 'Which of the fallback sources was used, from 0; null for none.' }),
      ),
      revision: nullable(Type.String()),
      ref: nullable(Type.String()),
      message: nullable(Type.String()),
      author: nullable(Type.String()),
      url: nullable(Type.String()),
    }),
  ),
  artifact: nullable(
    Type.Object({ kind: ArtifactKind, digest: Type.String(), bytes: Type.Integer(), reused: Type.Boolean() }),
  ),
  stages: Type.Array(Stage),
  queue: nullable(
    Type.Object({
      position: Type.Integer(),
      blockedBy: nullable(Id),
      reason: nullable(Type.String({ description: 'Why no worker takes it, where none can.' })),
    }),
  ),
  error: nullable(DeploymentError),
  live: Type.Boolean(),
  rollbackOf: nullable(Type.String({ ...Id, description: 'The deployment whose release it brings back.' })),
  url: Type.String(),
  createdAt: Timestamp,
  startedAt: nullable(Timestamp),
  finishedAt: nullable(Timestamp),
});
export type Deployment = Static<typeof Deployment>;
