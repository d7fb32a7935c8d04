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
      deployments: Type.Integer({ description: 'Ended ones that looked it up.' }),
      failed: Type.Integer(),
      errorRate: nullable(Type.Number({ description: '0–1; null before any deployment ended.' })),
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
