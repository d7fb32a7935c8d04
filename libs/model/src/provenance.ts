import { Environment, Id, nullable, Timestamp } from './common.js';
import { Trigger } from './deployment.js';
import { type Static, Type } from './typebox.js';

export const statementType = 'https://in-toto.io/Statement/v1';
export const predicateType = 'https://slsa.dev/provenance/v1';
export const provenanceMediaType = 'application/vnd.in-toto+json';

/** A stable name under Pierhead's own authority. */
const tagUri = (example: string) => Type.String({ pattern: '^tag:pierhead,2026:', description: `Such as ${example}.` });

const Digest = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]+$' }) });

const Entry = Type.Object({ id: Type.String(), version: Type.String() });

/** What went into a build, as in-toto describes a resource. */
const Dependency = Type.Object({
  name: Type.String({ description: '`source`, or the name of an image that the build took in.' }),
  uri: Type.Optional(Type.String()),
  digest: Type.Optional(Digest),
  annotations: Type.Optional(
    Type.Object({ provider: Entry, revision: Type.String({ description: 'A commit, or a digest.' }) }),
  ),
});

/** How the artifact of a deployment came about: an in-toto statement with a predicate of SLSA. */
export const ProvenanceStatement = Type.Object({
  _type: Type.Literal(statementType),
  subject: Type.Array(Type.Object({ name: Type.String(), digest: Digest }), { minItems: 1, maxItems: 1 }),
  predicateType: Type.Literal(predicateType),
  predicate: Type.Object({
    buildDefinition: Type.Object({
      buildType: tagUri('tag:pierhead,2026:build/v1'),
      externalParameters: Type.Object({
        service: Type.Object({ id: Id, name: Type.String() }),
        environment: Environment,
        provider: Entry,
        builder: Type.Object({
          id: Type.String(),
          version: Type.String(),
          configDigest: Type.Object(Digest.properties, {
            description:
              'Over the config as the API answers it, `{ "secret": true }` in the place of each secret, written as RFC 8785 says.',
          }),
        }),
        runtime: Entry,
      }),
      resolvedDependencies: Type.Array(Dependency),
    }),
    runDetails: Type.Object({
      builder: Type.Object({ id: tagUri('tag:pierhead,2026:installation/<id>/worker/<id>') }),
      metadata: Type.Object({
        invocationId: Type.String({ ...Id, description: 'The deployment that built the artifact.' }),
        startedOn: Timestamp,
        finishedOn: Timestamp,
        pierhead_deployment: Type.Object({
          id: Id,
          artifact: Type.Enum(['built', 'reused', 'brought-back']),
          rollbackOf: nullable(Id),
          trigger: Trigger,
          createdOn: Timestamp,
        }),
      }),
    }),
  }),
});
export type ProvenanceStatement = Static<typeof ProvenanceStatement>;

const base64 = { contentEncoding: 'base64' };

/** A statement with its signature, as DSSE has it. */
export const ProvenanceEnvelope = Type.Object({
  payloadType: Type.Literal(provenanceMediaType),
  payload: Type.String({ ...base64, contentMediaType: provenanceMediaType, contentSchema: ProvenanceStatement }),
  signatures: Type.Array(Type.Object({ keyid: Type.String(), sig: Type.String(base64) })),
});
export type ProvenanceEnvelope = Static<typeof ProvenanceEnvelope>;

export const ProvenanceKey = Type.Object({
  keyid: Type.String({ description: 'The SHA-256 of the key as DER, in hexadecimal.' }),
  algorithm: Type.Literal('ed25519'),
  publicKey: Type.String({ description: 'PEM.' }),
});
export type ProvenanceKey = Static<typeof ProvenanceKey>;
