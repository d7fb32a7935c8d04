import { nullable, Timestamp } from './common.js';
import { type Static, Type } from './typebox.js';

/** Whether a worker can use a registry entry, and if not, why. */
export const Capability = Type.Object({
  id: Type.String(),
  version: Type.String(),
  available: Type.Boolean(),
  reason: nullable(Type.Object({ code: Type.String(), message: Type.String(), hint: Type.String() })),
});
export type Capability = Static<typeof Capability>;

export const Capabilities = Type.Object({
  providers: Type.Array(Capability),
  builders: Type.Array(Capability),
  runtimes: Type.Array(Capability),
});
export type Capabilities = Static<typeof Capabilities>;

export const WorkerInfo = Type.Object({
  id: Type.String(),
  slots: Type.Integer(),
  running: Type.Integer(),
  refusal: nullable(Type.String({ description: 'Why it takes no further deployment now; null while it does.' })),
  labels: Type.Array(Type.String()),
  capabilities: Capabilities,
  startedAt: Timestamp,
  lastHeartbeatAt: Timestamp,
});
export type WorkerInfo = Static<typeof WorkerInfo>;
