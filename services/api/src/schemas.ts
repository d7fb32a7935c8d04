import { Problem, problems as problemsOf } from '@pierhead/http';
import {
  AppLogLine,
  AuditEntry,
  BuilderMetadata,
  Command,
  CommandInput,
  CommandLine,
  ConfigField,
  ConfigSchema,
  CreatedToken,
  Deployment,
  DeploymentInput,
  Id,
  KeyRotation,
  LogLine,
  PluginInfo,
  Project,
  ProjectInput,
  ProvenanceEnvelope,
  ProvenanceKey,
  ProviderMetadata,
  RegistryUsage,
  ReleaseFigures,
  ReleaseMetrics,
  RuntimeMetadata,
  Service,
  ServiceInput,
  ServiceMetrics,
  ServicePlan,
  StorageReport,
  Token,
  TokenInput,
  Type,
  Upgrade,
  Upload,
  ValidationResult,
  WorkerInfo,
} from '@pierhead/model';
import type { FastifyRequest } from 'fastify';

export const idParams = Type.Object({ id: Id });
/** The id of a registry entry. */
export const entryParams = Type.Object({ id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }) });

/** The errors that any route may answer with, and those of this one. */
export const problems = <S extends number>(...statuses: S[]) => ({
  ...problemsOf(400, 401, 403, 429, 503),
  ...problemsOf(...statuses),
});

export const idempotencyHeaders = (noun: string) =>
  Type.Object({
    'idempotency-key': Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: `The same key gives the same ${noun}.` }),
    ),
  });

/** Lets a body that has no required key be left out altogether. */
export const bodyMayBeMissing = async (request: FastifyRequest): Promise<void> => {
  request.body ??= {};
};

/** The sections of the document. */
export const tags = [
  {
    name: 'Registries',
    description: 'What can be chosen: providers, builders and runtimes, and their config schemas.',
  },
  { name: 'Projects', description: 'Groups of services.' },
  { name: 'Services', description: 'What is deployed: where its source comes from, how it is built and run.' },
  { name: 'Uploads', description: 'Archives of source or of files ready to serve.' },
  { name: 'Deployments', description: 'Attempts to make a revision of a service live, with their logs.' },
  { name: 'Commands', description: 'Programs that run once, or on a schedule, in a release.' },
  { name: 'Tokens', description: 'Who may use the API, and for what.' },
  { name: 'Operations', description: 'What an operator watches.' },
];

/** The schemas that the document names. */
export const shared = {
  AppLogLine,
  AuditEntry,
  BuilderMetadata,
  Command,
  CommandInput,
  CommandLine,
  ConfigField,
  ConfigSchema,
  CreatedToken,
  Deployment,
  DeploymentInput,
  KeyRotation,
  LogLine,
  PluginInfo,
  Problem,
  Project,
  ProjectInput,
  ProvenanceEnvelope,
  ProvenanceKey,
  ProviderMetadata,
  RegistryUsage,
  ReleaseFigures,
  ReleaseMetrics,
  RuntimeMetadata,
  Service,
  ServiceInput,
  ServiceMetrics,
  ServicePlan,
  StorageReport,
  Token,
  TokenInput,
  Upgrade,
  Upload,
  ValidationResult,
  WorkerInfo,
};
