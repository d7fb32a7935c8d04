export { artifactRepository } from './artifacts.js';
export { type AuditRow, auditRepository, type NewAuditEntry } from './audit.js';
export { canRun } from './choose-worker.js';
export { commandDispatchRepository } from './command-dispatch.js';
export { commandLineRepository } from './command-lines.js';
export { type ClaimedCommand, type CommandEnding, type CommandLease, commandRunRepository } from './command-runs.js';
export { type CommandRow, commandRepository, type StoredSchedule, type Tick } from './commands.js';
export { connect, type Database } from './connect.js';
export {
  type DeploymentColumns,
  type DeploymentRow,
  deploymentRepository,
  type NewDeployment,
  type NoRollback,
  production,
} from './deployments.js';
export { type DisabledEntry, disabledEntryRepository } from './disabled-entries.js';
export { type Dispatch, dispatchRepository } from './dispatch.js';
export { exclusively } from './exclusively.js';
export { newId } from './ids.js';
export { installationId } from './installation.js';
export { instanceRepository } from './instances.js';
export { keyRotationRepository, type RotationPlace, type RotationStep } from './key-rotation.js';
export { type Channel, listen } from './listen.js';
export { logRepository } from './logs.js';
export { migrate } from './migrate.js';
export { type Kept, type OutputBounds, outputRepository } from './output.js';
export { idOfCursor, type Page } from './page.js';
export { type ArtifactPlan, type HeldArtifact, planArtifacts } from './plan-artifacts.js';
export { defaultProject, type ProjectRow, projectRepository } from './projects.js';
export { type Lookup, lookupRepository } from './registry-lookups.js';
export { registryUsageRepository } from './registry-usage.js';
export { type Repeating, repeat } from './repeat.js';
export { type Retention, retentionRepository } from './retention.js';
export { gatewayRepository, hostnameOf, type RouteTable, releaseRepository, routeSource } from './routes.js';
export { type Claimed, type Ending, type Lease, maxRetries, runRepository } from './runs.js';
export { finestStep, type NewSample, type Sample, sampleRepository, stepAt } from './samples.js';
export { createSecrets, isSealed, mapSealed, type Secrets } from './secrets.js';
export { type Conflict, type NewService, type ServiceRow, serviceRepository } from './services.js';
export type {
  Origin,
  Replaced,
  Sealed,
  Snapshot,
  SourceUsed,
  StoredConfig,
  StoredSource,
  StoredVariables,
} from './snapshot.js';
export { isUnreachable } from './steadily.js';
export type { PackedLine, PackedOutputLine } from './tables.js';
export { type TokenRow, tokenRepository } from './tokens.js';
export { type UploadRow, uploadRepository } from './uploads.js';
export { workerRepository } from './workers.js';
