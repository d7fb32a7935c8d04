import type {
  Artifact,
  Capabilities,
  CommandError,
  CommandStatus,
  DeploymentError,
  DeploymentStatus,
  EntryKind,
  Instance,
  Revision,
  Schedule,
  Scope,
  StageName,
  StageStatus,
  Trigger,
  Upstream,
  Want,
} from '@pierhead/model';
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type {
  Origin,
  Replaced,
  Snapshot,
  SourceUsed,
  StoredConfig,
  StoredDelivery,
  StoredSource,
  StoredVariables,
} from './snapshot.js';

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const createdAt = () => at('created_at').notNull().defaultNow();
const id = () => uuid('id').primaryKey();

/** A log chunk's lines: milliseconds since 1970, stage, stream, text. */
export type PackedLine = [atMs: number, stage: string, stream: string, text: string];

/** jsonb that keeps NUL, which PostgreSQL refuses in jsonb, by never seeing it: plain json text. */
const packedLines = customType<{ data: PackedLine[]; driverData: string }>({
  dataType: () => 'text',
  toDriver: (lines) => JSON.stringify(lines),
  fromDriver: (stored) => JSON.parse(stored),
});

/** A line of output: milliseconds since 1970, stream, text. */
export type PackedOutputLine = [atMs: number, stream: string, text: string];

const packedOutput = customType<{ data: PackedOutputLine[]; driverData: string }>({
  dataType: () => 'text',
  toDriver: (lines) => JSON.stringify(lines),
  fromDriver: (stored) => JSON.parse(stored),
});

/** One row, made with the schema: tells what this installation made from what others did. */
export const installation = pgTable('installation', { id: id() });

export const projects = pgTable('projects', {
  id: id(),
  name: text('name').notNull().unique(),
  createdAt: createdAt(),
});

export const services = pgTable('services', {
  id: id(),
  projectId: uuid('project_id')
    .notNull()
    .references(() => projects.id),
  name: text('name').notNull().unique(),
  providerId: text('provider_id').notNull(),
  providerVersion: text('provider_version').notNull(),
  builderId: text('builder_id').notNull(),
  builderVersion: text('builder_version').notNull(),
  runtimeId: text('runtime_id').notNull(),
  runtimeVersion: text('runtime_version').notNull(),
  providerConfig: jsonb('provider_config').$type<StoredConfig>().notNull(),
  builderConfig: jsonb('builder_config').$type<StoredConfig>().notNull(),
  runtimeConfig: jsonb('runtime_config').$type<StoredConfig>().notNull(),
  fallbackSources: jsonb('fallback_sources').$type<StoredSource[]>().notNull().default([]),
  variables: jsonb('variables').$type<StoredVariables>().notNull(),
  delivery: jsonb('delivery').$type<StoredDelivery>().notNull(),
  schedules: jsonb('schedules').$type<Schedule[]>().notNull().default([]),
  /** The number that the next deployment gets. */
  nextNumber: integer('next_number').notNull().default(1),
  revision: integer('revision').notNull().default(1),
  /** Set while a worker removes what the service owns; the row goes last. */
  deletedAt: at('deleted_at'),
  createdAt: createdAt(),
  updatedAt: at('updated_at').notNull().defaultNow(),
});

export const hostnames = pgTable(
  'hostnames',
  {
    hostname: text('hostname').primaryKey(),
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
  },
  (table) => [index('hostnames_service').on(table.serviceId)],
);

export const uploads = pgTable('uploads', {
  id: id(),
  digest: text('digest').notNull().unique(),
  format: text('format').$type<'tar' | 'tar.gz' | 'zip'>().notNull(),
  bytes: bigint('bytes', { mode: 'number' }).notNull(),
  files: integer('files').notNull(),
  createdAt: createdAt(),
  /** When the same bytes were last uploaded. */
  renewedAt: at('renewed_at').notNull().defaultNow(),
});

export const deployments = pgTable(
  'deployments',
  {
    id: id(),
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
    environment: text('environment').notNull(),
    number: integer('number').notNull(),
    status: text('status').$type<DeploymentStatus>().notNull().default('queued'),
    stage: text('stage').$type<StageName>(),
    trigger: jsonb('trigger').$type<Trigger>().notNull(),
    want: jsonb('want').$type<Want & { force?: boolean }>().notNull(),
    /** The service as it was when the deployment was asked for. */
    snapshot: jsonb('snapshot').$type<Snapshot>().notNull(),
    revision: jsonb('revision').$type<Revision>(),
    /** Which source answered; null until one did. */
    sourceUsed: jsonb('source_used').$type<SourceUsed>(),
    artifact: jsonb('artifact').$type<Artifact>(),
    artifactReused: boolean('artifact_reused').notNull().default(false),
    /** Equal for artifacts that would come out equal; null where that cannot be told. */
    artifactKey: text('artifact_key'),
    /** How the artifact came about; null without one, and for those from before this was recorded. */
    origin: jsonb('origin').$type<Origin>(),
    /** The deployment whose release it brings back; null for one that builds its own. */
    rollbackOf: uuid('rollback_of'),
    /** Set once the artifact is gone. */
    artifactDiscardedAt: at('artifact_discarded_at'),
    /** What the runtime started; null again once it has been stopped. */
    instance: jsonb('instance').$type<Instance>(),
    error: jsonb('error').$type<DeploymentError>(),
    /** Part of the queue's job id: grows when the work must be queued again. */
    attempt: integer('attempt').notNull().default(1),
    /** How often the world failed it: a fault outside of it, or a worker that died. */
    retries: integer('retries').notNull().default(0),
    notBefore: at('not_before').notNull().defaultNow(),
    dispatchedAt: at('dispatched_at'),
    /** The worker that it was handed to; null for whichever comes first. */
    dispatchedTo: text('dispatched_to'),
    leaseOwner: text('lease_owner'),
    leaseEpoch: integer('lease_epoch').notNull().default(0),
    leaseUntil: at('lease_until'),
    cancelRequestedAt: at('cancel_requested_at'),
    /** Set by the switch, in its own statement: whoever cancels later is refused. */
    switchedAt: at('switched_at'),
    /** What its switch took the place of; null where nothing was live. */
    replaced: jsonb('replaced').$type<Replaced>(),
    idempotencyKey: text('idempotency_key'),
    createdAt: createdAt(),
    startedAt: at('started_at'),
    finishedAt: at('finished_at'),
  },
  (table) => [
    uniqueIndex('deployments_number').on(table.serviceId, table.number),
    uniqueIndex('deployments_one_running').on(table.serviceId, table.environment).where(sql`status = 'running'`),
    uniqueIndex('deployments_idempotency').on(table.serviceId, table.idempotencyKey),
    // The environment rides along, so that counting what each environment has reads the index alone.
    index('deployments_service').on(table.serviceId, table.id, table.environment),
    index('deployments_unfinished')
      .on(table.serviceId, table.environment, table.id)
      .where(sql`status in ('queued', 'running')`),
    index('deployments_started').on(table.serviceId, table.environment).where(sql`instance is not null`),
    index('deployments_with_artifact')
      .on(table.serviceId, table.environment, table.id)
      .where(sql`artifact is not null and artifact_discarded_at is null`),
    index('deployments_artifact_key')
      .on(table.artifactKey)
      .where(sql`artifact is not null and artifact_discarded_at is null`),
  ],
);

export const stages = pgTable(
  'stages',
  {
    deploymentId: uuid('deployment_id')
      .notNull()
      .references(() => deployments.id, { onDelete: 'cascade' }),
    name: text('name').$type<StageName>().notNull(),
    status: text('status').$type<StageStatus>().notNull(),
    startedAt: at('started_at').notNull(),
    finishedAt: at('finished_at'),
  },
  (table) => [primaryKey({ columns: [table.deploymentId, table.name] })],
);

export const logChunks = pgTable(
  'log_chunks',
  {
    deploymentId: uuid('deployment_id')
      .notNull()
      .references(() => deployments.id, { onDelete: 'cascade' }),
    firstSeq: integer('first_seq').notNull(),
    lastSeq: integer('last_seq').notNull(),
    lines: packedLines('lines').notNull(),
  },
  (table) => [primaryKey({ columns: [table.deploymentId, table.firstSeq] })],
);

/** The output of what runs: its newest lines of each service and environment, through restarts and replacements. */
export const outputChunks = pgTable(
  'output_chunks',
  {
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
    environment: text('environment').notNull(),
    firstSeq: bigint('first_seq', { mode: 'number' }).notNull(),
    lastSeq: bigint('last_seq', { mode: 'number' }).notNull(),
    /** Whose output it is; the deployment may be forgotten before its lines. */
    deploymentId: uuid('deployment_id').notNull(),
    bytes: integer('bytes').notNull(),
    lines: packedOutput('lines').notNull(),
  },
  (table) => [primaryKey({ columns: [table.serviceId, table.environment, table.firstSeq] })],
);

/** The number of the last line of each output. */
export const outputHeads = pgTable(
  'output_heads',
  {
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
    environment: text('environment').notNull(),
    lastSeq: bigint('last_seq', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.serviceId, table.environment] })],
);

/** Which worker keeps the output of a deployment that runs, and how far it has got. */
export const outputKeepers = pgTable('output_keepers', {
  deploymentId: uuid('deployment_id')
    .primaryKey()
    .references(() => deployments.id, { onDelete: 'cascade' }),
  keeper: text('keeper').notNull(),
  keptUntil: at('kept_until').notNull(),
  /** The time of the last line that is stored, as the runtime told it. */
  position: text('position'),
});

/** Commands that run once, each in a release, and ticks of schedules that were skipped. */
export const commands = pgTable(
  'commands',
  {
    id: id(),
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
    environment: text('environment').notNull(),
    /** The release that it runs in, which may be forgotten before it; null where nothing was live. */
    deploymentId: uuid('deployment_id'),
    argv: jsonb('argv').$type<string[]>().notNull(),
    trigger: jsonb('trigger').$type<Trigger>().notNull(),
    schedule: text('schedule'),
    /** The tick that it was made for. */
    scheduledFor: at('scheduled_for'),
    timeoutSeconds: integer('timeout_seconds').notNull(),
    status: text('status').$type<CommandStatus>().notNull().default('queued'),
    exitCode: integer('exit_code'),
    error: jsonb('error').$type<CommandError>(),
    /** The workers that do not have its artifact. */
    lackedBy: jsonb('lacked_by').$type<string[]>().notNull().default([]),
    /** Part of the queue's job id. */
    attempt: integer('attempt').notNull().default(1),
    dispatchedAt: at('dispatched_at'),
    dispatchedTo: text('dispatched_to'),
    leaseOwner: text('lease_owner'),
    leaseUntil: at('lease_until'),
    cancelRequestedAt: at('cancel_requested_at'),
    idempotencyKey: text('idempotency_key'),
    createdAt: createdAt(),
    startedAt: at('started_at'),
    finishedAt: at('finished_at'),
  },
  (table) => [
    index('commands_service').on(table.serviceId, table.id),
    uniqueIndex('commands_tick').on(table.serviceId, table.schedule, table.scheduledFor),
    uniqueIndex('commands_idempotency').on(table.serviceId, table.idempotencyKey),
    index('commands_unfinished').on(table.serviceId, table.id).where(sql`status in ('queued', 'running')`),
  ],
);

/** What commands wrote. */
export const commandChunks = pgTable(
  'command_chunks',
  {
    commandId: uuid('command_id')
      .notNull()
      .references(() => commands.id, { onDelete: 'cascade' }),
    firstSeq: integer('first_seq').notNull(),
    lastSeq: integer('last_seq').notNull(),
    lines: packedOutput('lines').notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.firstSeq] })],
);

/** What is live: at most one release per service and environment. `version` comes from one sequence and orders all switches. */
export const releases = pgTable(
  'releases',
  {
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
    environment: text('environment').notNull(),
    deploymentId: uuid('deployment_id')
      .notNull()
      .references(() => deployments.id, { onDelete: 'cascade' }),
    upstreams: jsonb('upstreams').$type<Upstream[]>().notNull(),
    version: bigint('version', { mode: 'number' }).notNull(),
    switchedAt: at('switched_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.serviceId, table.environment] }),
    index('releases_deployment').on(table.deploymentId),
  ],
);

/** What the gateways have answered for each release. */
export const releaseTraffic = pgTable('release_traffic', {
  deploymentId: uuid('deployment_id')
    .primaryKey()
    .references(() => deployments.id, { onDelete: 'cascade' }),
  requests: bigint('requests', { mode: 'number' }).notNull(),
  /** Those that were answered with 5xx. */
  failures: bigint('failures', { mode: 'number' }).notNull(),
});

/**
 * What each release took and answered, by time: in steps of some seconds for an hour, then merged into longer ones. Rows
 * add up; a release has one for each step, of whichever length.
 */
export const releaseSamples = pgTable(
  'release_samples',
  {
    serviceId: uuid('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
    environment: text('environment').notNull(),
    stepSeconds: integer('step_seconds').notNull(),
    /** Where the step begins. */
    at: at('at').notNull(),
    /** The deployment may be forgotten before its samples. */
    deploymentId: uuid('deployment_id').notNull(),
    /** How much of the step was measured: what the next three were counted in. */
    seconds: doublePrecision('seconds').notNull().default(0),
    cpuSeconds: doublePrecision('cpu_seconds').notNull().default(0),
    receivedBytes: doublePrecision('received_bytes').notNull().default(0),
    sentBytes: doublePrecision('sent_bytes').notNull().default(0),
    /** The highest in the step; null where nothing was measured, as of those that follow. */
    memoryBytes: bigint('memory_bytes', { mode: 'number' }),
    memoryLimitBytes: bigint('memory_limit_bytes', { mode: 'number' }),
    pids: integer('pids'),
    replicas: integer('replicas'),
    restarts: integer('restarts'),
    /** As gateways count them. */
    responses: integer('responses').array().notNull().default([]),
    durations: integer('durations').array().notNull().default([]),
  },
  (table) => [
    primaryKey({
      name: 'release_samples_pk',
      columns: [table.serviceId, table.environment, table.stepSeconds, table.at, table.deploymentId],
    }),
    index('release_samples_age').on(table.stepSeconds, table.at),
  ],
);

export const workers = pgTable('workers', {
  id: text('id').primaryKey(),
  slots: integer('slots').notNull(),
  running: integer('running').notNull().default(0),
  /** Why it takes no further deployment now; null while it does. */
  refusal: text('refusal'),
  labels: jsonb('labels').$type<string[]>().notNull().default([]),
  capabilities: jsonb('capabilities').$type<Capabilities>().notNull(),
  startedAt: at('started_at').notNull().defaultNow(),
  lastHeartbeatAt: at('last_heartbeat_at').notNull().defaultNow(),
});

/** Each gateway, the newest release version that it serves, and what it has left of older ones. */
export const gateways = pgTable('gateways', {
  id: text('id').primaryKey(),
  routesVersion: bigint('routes_version', { mode: 'number' }).notNull(),
  /** The deployments that it no longer serves, and that something is still under way to. */
  draining: jsonb('draining').$type<string[]>().notNull().default([]),
  /** The deployments that it does not serve yet, and why not; null while it still looks. */
  withheld: jsonb('withheld').$type<Record<string, string | null>>().notNull().default({}),
  lastHeartbeatAt: at('last_heartbeat_at').notNull().defaultNow(),
});

/** Registry entries that an administrator has switched off. */
export const disabledEntries = pgTable(
  'disabled_entries',
  {
    kind: text('kind').$type<EntryKind>().notNull(),
    entryId: text('entry_id').notNull(),
    at: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.entryId] })],
);

/** What each deployment looked up in the registries of the worker that ran it. */
export const registryLookups = pgTable(
  'registry_lookups',
  {
    deploymentId: uuid('deployment_id')
      .notNull()
      .references(() => deployments.id, { onDelete: 'cascade' }),
    kind: text('kind').$type<EntryKind>().notNull(),
    entryId: text('entry_id').notNull(),
    version: text('version').notNull(),
    found: boolean('found').notNull(),
    workerId: text('worker_id').notNull(),
    at: at('at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.deploymentId, table.kind, table.entryId, table.version] }),
    index('registry_lookups_entry').on(table.kind, table.entryId, table.deploymentId),
  ],
);

/** Tokens that the API has made; of each, only its hash is known. */
export const tokens = pgTable('tokens', {
  id: id(),
  name: text('name').notNull().unique(),
  /** SHA-256 of the whole token, in hex. */
  hash: text('hash').notNull().unique(),
  scopes: jsonb('scopes').$type<Scope[]>().notNull(),
  /** The ids of the projects that it is limited to; null for no limit. */
  projects: jsonb('projects').$type<string[]>(),
  expiresAt: at('expires_at'),
  lastUsedAt: at('last_used_at'),
  createdAt: createdAt(),
});

/** Append-only: a trigger refuses everything but inserts. It refers to nothing, for it outlives what it tells of. */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: id(),
    at: at('at').notNull().defaultNow(),
    actor: text('actor'),
    tokenId: uuid('token_id'),
    action: text('action').notNull(),
    targetKind: text('target_kind'),
    targetId: text('target_id'),
    before: jsonb('before'),
    after: jsonb('after'),
    requestId: uuid('request_id').notNull(),
    address: text('address'),
  },
  (table) => [
    index('audit_entries_at').on(table.at),
    index('audit_entries_actor').on(table.actor, table.id),
    index('audit_entries_action').on(table.action, table.id),
    index('audit_entries_target').on(table.targetId, table.id),
  ],
);
