import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import {
  connect,
  createSecrets,
  deploymentRepository,
  installationId,
  migrate,
  newId,
  type Origin,
  projectRepository,
  runRepository,
  serviceRepository,
} from '@pierhead/database';
import { createLogger } from '@pierhead/logger';
import { type ProvenanceEnvelope, ProvenanceStatement, Value } from '@pierhead/model';
import { order, plainService, testDatabase } from '@pierhead/testing';
import t, { type Test } from 'tap';
import type { ApiContext } from './context.js';
import { createApp } from './create-app.js';
import { tokenVerifier } from './identify.js';
import { createSigner } from './signer.js';

const secret = 'correct horse battery staple';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const image = { kind: 'image', digest: digest('a'), bytes: 1 } as const;

/** The API with a service that has secrets, and what a worker does to its deployments. */
async function setUp(t: Test) {
  const { url } = await testDatabase(t);
  await migrate(url);
  const database = connect(url, { name: 'test' });
  const secretKey = randomBytes(32).toString('base64');
  const services = serviceRepository(database);
  const deployments = deploymentRepository(database);
  const runs = runRepository(database);
  const installation = await installationId(database);
  const context: Partial<ApiContext> = { database, deployments, signer: createSigner(secretKey), installation };
  const token = randomBytes(32).toString('hex');
  const verifier = tokenVerifier(token, { find: async () => null } as never);
  const logger = createLogger('api', 'silent');
  const app = await createApp(context as ApiContext, { logger, verify: verifier, checks: {} });
  t.teardown(async () => {
    await app.close();
    await database.close();
  });
  const { id: projectId } = await projectRepository(database).ensureDefault();
  const serviceId = newId();
  const sealed = createSecrets(secretKey).seal(secret, serviceId);
  await services.create({
    ...plainService,
    id: serviceId,
    projectId,
    name: 'web',
    providerConfig: { token: sealed },
    builderConfig: { target: 'x', args: { B: '1', A: [2] }, token: sealed },
    variables: { KEY: sealed },
  });
  const ask = async () => (await deployments.create(order(serviceId)))!.id;
  /** Takes a deployment to its end, with an artifact that this or another one built. */
  const make = async (id: string, artifactReused = false, by = id) => {
    const { leaseEpoch: epoch } = (await runs.claim(id, 'w 1', 30))!;
    const lease = { deploymentId: id, owner: 'w 1', epoch };
    const times = { startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:00:09.000Z' };
    const origin: Origin = {
      source: { revision: 'c0ffee', url: null, digest: digest('b') },
      dependencies: [{ name: 'busybox:1', digest: digest('c') }],
      build: { deploymentId: by, worker: 'w 1', ...times },
    };
    await runs.resolved(lease, { id: 'c0ffee' }, { providerId: 'p', fallback: null });
    await runs.built(lease, image, { artifactKey: 'k', artifactReused, origin });
    await runs.switch(lease, []);
    await runs.finish(lease, { status: 'succeeded' });
    return id;
  };
  const headers = { authorization: `Bearer ${token}` };
  const get = (id: string) => app.inject({ url: `/deployments/${id}/provenance`, headers });
  const envelope = async (id: string) => (await get(id)).json() as ProvenanceEnvelope;
  const statement = async (id: string): Promise<ProvenanceStatement> =>
    JSON.parse(Buffer.from((await envelope(id)).payload, 'base64').toString());
  const key = async () => (await app.inject({ url: '/provenance-key' })).json();
  return { database, deployments, installation, serviceId, ask, make, get, envelope, statement, key };
}

/** As a client checks it that knows DSSE, and nothing of Pierhead. */
function isSigned({ payloadType, payload, signatures }: ProvenanceEnvelope, publicKey: string) {
  const body = Buffer.from(payload, 'base64');
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
  return verify(null, pae, createPublicKey(publicKey), Buffer.from(signatures[0]!.sig, 'base64'));
}

t.test('the signature holds for the key that anybody may read, and for nothing that was changed', async (t) => {
  const { ask, make, envelope, key } = await setUp(t);
  const sealed = await envelope(await make(await ask()));
  const { keyid, algorithm, publicKey } = await key();
  t.match(sealed, { payloadType: 'application/vnd.in-toto+json', signatures: [{ keyid }] });
  t.equal(algorithm, 'ed25519');
  t.equal(
    keyid,
    createHash('sha256')
      .update(createPublicKey(publicKey).export({ format: 'der', type: 'spki' }))
      .digest('hex'),
  );
  t.equal(isSigned(sealed, publicKey), true);
  const text = Buffer.from(sealed.payload, 'base64').toString();
  const forged = Buffer.from(text.replace('c0ffee', 'c0ffed')).toString('base64');
  t.equal(isSigned({ ...sealed, payload: forged }, publicKey), false);
  t.equal(isSigned({ ...sealed, payloadType: 'text/plain' as never }, publicKey), false);
  t.equal(isSigned(sealed, createSigner(randomBytes(32).toString('base64')).key.publicKey), false, 'another key');
});

t.test('the same secret key gives the same key', async (t) => {
  const secretKey = Buffer.from(Uint8Array.from({ length: 32 }, (_, index) => index)).toString('base64');
  t.same(createSigner(secretKey).key, createSigner(secretKey).key);
  t.equal(createSigner(secretKey).key.keyid, 'b5b5f07d435a66fbcf52d5862479baabd12a2ef9cef5fe87398c07a3149c309d');
});

t.test('a built artifact: what it is, what it was made of, with what, by whom and for whom', async (t) => {
  const { installation, serviceId, ask, make, statement } = await setUp(t);
  const id = await make(await ask());
  const made = await statement(id);
  t.ok(Value.Check(ProvenanceStatement, made));
  const entry = (id: string) => ({ id, version: '1.0.0' });
  const config = sha256('{"args":{"A":[2],"B":"1"},"target":"x","token":{"secret":true}}');
  t.match(made, {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'web', digest: { sha256: 'a'.repeat(64) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
  });
  const { buildDefinition, runDetails } = made.predicate;
  t.same(buildDefinition, {
    buildType: 'tag:pierhead,2026:build/v1',
    externalParameters: {
      service: { id: serviceId, name: 'web' },
      environment: 'production',
      provider: entry('p'),
      builder: { ...entry('b'), configDigest: { sha256: config } },
      runtime: entry('r'),
    },
    resolvedDependencies: [
      {
        name: 'source',
        uri: 'tag:pierhead,2026:source/p/c0ffee',
        digest: { sha256: 'b'.repeat(64) },
        annotations: { provider: entry('p'), revision: 'c0ffee' },
      },
      { name: 'busybox:1', digest: { sha256: 'c'.repeat(64) } },
    ],
  });
  t.equal(runDetails.builder.id, `tag:pierhead,2026:installation/${installation}/worker/w%201`);
  t.match(runDetails.metadata, {
    invocationId: id,
    startedOn: '2026-01-01T00:00:00.000Z',
    finishedOn: '2026-01-01T00:00:09.000Z',
    pierhead_deployment: { id, artifact: 'built', rollbackOf: null, trigger: { kind: 'api', actor: null } },
  });
});

t.test('what was reused or brought back names its own trigger, and the deployment that built it', async (t) => {
  const { deployments, serviceId, ask, make, statement } = await setUp(t);
  const first = await make(await ask());
  const second = await make(await ask(), true, first);
  t.match((await statement(second)).predicate.runDetails.metadata, {
    invocationId: first,
    pierhead_deployment: { id: second, artifact: 'reused' },
  });
  await make(await ask());
  const { input: _, ...asked } = order(serviceId);
  const trigger = { kind: 'rollback', actor: 'ops', event: null };
  const row = await deployments.rollback({ ...asked, trigger, deploymentId: second });
  if (row === null || typeof row === 'string') throw new Error(String(row));
  const { predicate, subject } = await statement(row.id);
  t.match(subject, [{ digest: { sha256: 'a'.repeat(64) } }]);
  t.match(predicate.runDetails.metadata, {
    invocationId: first,
    pierhead_deployment: { id: row.id, artifact: 'brought-back', rollbackOf: second, trigger },
  });
});

t.test('a source that another place stood in for is named with its provider', async (t) => {
  const { database, ask, make, statement } = await setUp(t);
  const fallback = { providerId: 'other', providerVersion: '2.0.0', providerConfig: {} };
  await database.sql`update services set fallback_sources = ${JSON.stringify([fallback])}::jsonb`;
  const id = await make(await ask());
  await database.sql`update deployments set source_used = '{"providerId":"other","fallback":0}'`;
  const [source] = (await statement(id)).predicate.buildDefinition.resolvedDependencies;
  t.match(source, { annotations: { provider: { id: 'other', version: '2.0.0' } } });
});

t.test('no secret is in it, sealed, plain or as a digest', async (t) => {
  const { ask, make, statement } = await setUp(t);
  const text = JSON.stringify(await statement(await make(await ask())));
  for (const form of [secret, Buffer.from(secret).toString('base64'), sha256(secret), sha256(JSON.stringify(secret))])
    t.notMatch(text, form);
  t.notMatch(text, '$sealed');
});

t.test('a deployment without an artifact, or without its origin, has no provenance', async (t) => {
  const { database, ask, make, get } = await setUp(t);
  const id = await ask();
  const none = { status: 404, code: 'provenance_not_found' };
  t.match((await get(id)).json(), { ...none, detail: /no artifact/ });
  await make(id);
  await database.sql`update deployments set origin = null`;
  t.match((await get(id)).json(), { ...none, detail: /not recorded/ });
  t.match((await get(newId())).json(), { status: 404, code: 'deployment_not_found' });
});
