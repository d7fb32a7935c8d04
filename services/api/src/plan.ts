import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isSealed, mapSealed, type ServiceRow, type Snapshot } from '@pierhead/database';
import {
  type Change,
  type DeploymentInput,
  type Problem,
  pointer,
  type Revision,
  type ServicePlan,
  type SourceLookup,
  type UpgradePreview,
} from '@pierhead/model';
import type { ApiContext } from './context.js';
import { hidingSecretsOf } from './hide-secrets.js';
import { storedChoice } from './resolution-request.js';

type Planned = Pick<Snapshot, 'providerConfig' | 'builderConfig' | 'runtimeConfig' | 'variables'>;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a deployment of the service would do, found out without doing it. */
export async function planService(row: ServiceRow, input: DeploymentInput, context: ApiContext): Promise<ServicePlan> {
  const stored = storedChoice(row, context.secrets);
  const { providerId, providerVersion, providerConfig } = stored;
  const { ref, revision: wanted } = input;
  const [source, preview, live, lack] = await Promise.all([
    context.catalog.lookUpSource({
      providerId,
      providerVersion,
      providerConfig,
      ...(ref === undefined ? {} : { ref }),
      ...(wanted === undefined ? {} : { revision: wanted }),
      uploads: await uploadsIn(providerConfig, context),
    }),
    context.catalog.previewUpgrades(stored),
    liveSnapshot(row.id, input.environment ?? 'production', context),
    context.deployments.lackOfWorker(row),
  ]);
  // A schema may no longer, or not yet, call a field secret whose stored value is one.
  const hide = hidingSecretsOf(
    [row.providerConfig, row.builderConfig, row.runtimeConfig, row.fallbackSources],
    row.id,
    context.secrets,
  );
  return {
    provider: { id: row.providerId, version: row.providerVersion },
    builder: { id: row.builderId, version: row.builderVersion },
    runtime: { id: row.runtimeId, version: row.runtimeVersion },
    revision: source.revision,
    artifact: source.revision && {
      key: artifactKey(row, source.revision),
      reused: !input.force && (await isBuilt(row, source.revision, context)),
    },
    changes: changesBetween(live ? partsOf(live) : null, partsOf(row), row.id, context),
    upgrades: preview.upgrades.map((upgrade) => ({
      ...upgrade,
      before: hide(upgrade.before),
      after: hide(upgrade.after),
    })),
    problems: [...preview.problems, ...source.problems, ...workerProblems(lack, preview)],
  };
}

/** Where an entry is gone or switched off, that no worker has it says nothing new. */
const workerProblems = (lack: string | null, { problems }: UpgradePreview): Problem[] =>
  lack === null || problems.length > 0 ? [] : [{ path: '', code: 'no_worker', message: lack }];

const partsOf = ({ providerConfig, builderConfig, runtimeConfig, variables }: Planned): Planned => ({
  providerConfig,
  builderConfig,
  runtimeConfig,
  variables,
});

async function liveSnapshot(
  serviceId: string,
  environment: string,
  { services, deployments }: ApiContext,
): Promise<Snapshot | null> {
  const id = (await services.liveDeployments([serviceId], environment)).get(serviceId);
  return id ? ((await deployments.find(id))?.snapshot ?? null) : null;
}

/** Whatever in a config is the id of an upload. */
async function uploadsIn(config: Record<string, unknown>, { uploads }: ApiContext): Promise<SourceLookup['uploads']> {
  const ids = Object.values(config).filter((value) => typeof value === 'string' && uuid.test(value)) as string[];
  const rows = await Promise.all(ids.map((id) => uploads.find(id)));
  return Object.fromEntries(rows.flatMap((row) => (row ? [[row.id, { digest: row.digest, format: row.format }]] : [])));
}

/** Names the content that a build would start from and everything that shapes it. */
function artifactKey(
  { providerId, providerConfig, builderId, builderVersion, builderConfig }: Snapshot | ServiceRow,
  revision: Revision,
): string {
  const parts = [
    providerId,
    mapSealed(providerConfig, () => null),
    revision.id,
    builderId,
    builderVersion,
    builderConfig,
  ];
  return `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}

/** Whether the same has been built of it before, and is kept. What else it depends on, such as a base image, shows later. */
async function isBuilt(row: ServiceRow, revision: Revision, { artifacts }: ApiContext): Promise<boolean> {
  const key = artifactKey(row, revision);
  const made = await artifacts.madeOf(row.id, revision.id);
  return made.some((snapshot) => artifactKey(snapshot, revision) === key);
}

/** Every value that differs, by JSON Pointer; secrets are compared by their plain text and shown masked. */
function changesBetween(from: Planned | null, to: Planned, owner: string, { secrets }: ApiContext): Change[] {
  const leaves = (parts: Planned | null) => new Map(parts ? [...leavesOf(parts, '')] : []);
  const [before, after] = [leaves(from), leaves(to)];
  const shown = (value: unknown) => (value === undefined ? null : mapSealed(value, () => ({ secret: true })));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    if (isDeepStrictEqual(secrets.open(old, owner), secrets.open(now, owner))) return [];
    return [{ path, from: shown(old), to: shown(now) }];
  });
}

function* leavesOf(value: unknown, path: string): Generator<[string, unknown]> {
  const isBranch = typeof value === 'object' && value !== null && !Array.isArray(value) && !isSealed(value);
  if (!isBranch) return void (yield [path, value]);
  for (const [key, child] of Object.entries(value)) yield* leavesOf(child, path + pointer(key));
}
