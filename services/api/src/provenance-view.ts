import { createHash } from 'node:crypto';
import type { DeploymentColumns, Origin } from '@pierhead/database';
import { type Artifact, type ProvenanceStatement, predicateType, statementType } from '@pierhead/model';
import { mask } from './service-secrets.js';

/** A deployment whose artifact is there, with how it came about. */
type Made = DeploymentColumns & { artifact: Artifact; origin: Origin };

const buildType = 'tag:pierhead,2026:build/v1';

/** Whether it is on record how a deployment's artifact came about. */
export const isMade = (row: DeploymentColumns): row is Made => row.artifact !== null && row.origin !== null;

/** What is stored of a deployment's artifact, as a statement of in-toto with a predicate of SLSA. */
export function provenanceView(row: Made, installation: string): ProvenanceStatement {
  const { snapshot, artifact, origin } = row;
  const { build } = origin;
  return {
    _type: statementType,
    subject: [{ name: snapshot.serviceName, digest: digestSet(artifact.digest) }],
    predicateType,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: {
          service: { id: row.serviceId, name: snapshot.serviceName },
          environment: row.environment,
          provider: { id: snapshot.providerId, version: snapshot.providerVersion },
          builder: {
            id: snapshot.builderId,
            version: snapshot.builderVersion,
            configDigest: { sha256: sha256(canonical(mask(snapshot.builderConfig))) },
          },
          runtime: { id: snapshot.runtimeId, version: snapshot.runtimeVersion },
        },
        resolvedDependencies: [
          sourceOf(row),
          ...origin.dependencies.map(({ name, digest }) => ({ name, digest: digestSet(digest) })),
        ],
      },
      runDetails: {
        builder: {
          id: `tag:pierhead,2026:installation/${installation}/worker/${encodeURIComponent(build.worker)}`,
        },
        metadata: {
          invocationId: build.deploymentId,
          startedOn: build.startedAt,
          finishedOn: build.finishedAt,
          pierhead_deployment: {
            id: row.id,
            artifact: howMade(row),
            rollbackOf: row.rollbackOf,
            trigger: row.trigger,
            createdOn: row.createdAt.toISOString(),
          },
        },
      },
    },
  };
}

function howMade({ rollbackOf, artifactReused }: DeploymentColumns) {
  if (rollbackOf) return 'brought-back';
  return artifactReused ? 'reused' : 'built';
}

function sourceOf({ snapshot, sourceUsed, origin: { source } }: Made) {
  const { providerId, providerVersion } = snapshot.fallbackSources?.[sourceUsed?.fallback ?? -1] ?? snapshot;
  const uri = `tag:pierhead,2026:source/${encodeURIComponent(providerId)}/${encodeURIComponent(source.revision)}`;
  return {
    name: 'source',
    uri: source.url ?? uri,
    ...(source.digest && { digest: digestSet(source.digest) }),
    annotations: { provider: { id: providerId, version: providerVersion }, revision: source.revision },
  };
}

const digestSet = (digest: string) => ({ sha256: digest.replace(/^sha256:/, '') });

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** JSON as RFC 8785 has it: keys in order, since the database keeps none. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
