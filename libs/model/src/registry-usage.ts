import { Id, nullable, Timestamp } from './common.js';
import { DeploymentStatus } from './deployment.js';
import { type Static, Type } from './typebox.js';

/** Who uses a registry entry, as `GET /providers/:id/usage` and its siblings answer it. */
export const RegistryUsage = Type.Object({
  id: Type.String(),
  services: Type.Array(Type.Object({ id: Id, name: Type.String(), version: Type.String() })),
  versions: Type.Array(
    Type.Object({
      version: Type.String(),
      services: Type.Integer(),
      deployments: Type.Integer({ description: 'Those of the last 1,000 in which it did its work, well or not.' }),
      failed: Type.Integer({
        description:
          'Those that failed in its work: resolve and fetch for a provider, build for a builder, release and verify for a runtime.',
      }),
      errorRate: nullable(Type.Number({ description: '0–1; null before any deployment counts.' })),
    }),
  ),
  deployments: Type.Array(
    Type.Object({
      deploymentId: Id,
      serviceId: Id,
      version: Type.String(),
      status: DeploymentStatus,
      found: Type.Boolean({ description: 'Whether the worker had this entry in this version.' }),
      workerId: Type.String(),
      at: Timestamp,
    }),
    { description: 'The lookups of the last 50 deployments, newest first.' },
  ),
});
export type RegistryUsage = Static<typeof RegistryUsage>;
