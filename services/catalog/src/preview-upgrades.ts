import type { EntryKind, Problem, ServiceResolutionRequest, Upgrade, UpgradePreview } from '@pierhead/model';
import { gt, valid } from 'semver';
import { switchedOff, unknownEntry, versionGone } from './choose-entry.js';
import type { IsDisabled } from './disabled.js';
import { secretKeys, shownConfig } from './secret-fields.js';
import type { Shelf, Shelves } from './shelf.js';

/** An entry that a stored service has, and where it stands in it: nothing, or `/fallbackSources/0`. */
interface Stored {
  kind: EntryKind;
  at: string;
  id: string;
  version: string | undefined;
  config: Record<string, unknown>;
}

/** What newer versions would make of a stored service, and which of its entries are gone or switched off. */
export async function previewUpgrades(
  shelves: Shelves,
  service: ServiceResolutionRequest,
  isDisabled: IsDisabled,
): Promise<UpgradePreview> {
  const entries = entriesOf(service);
  const upgrades = await Promise.all(entries.map((entry) => upgradeOf(shelves[entry.kind], entry)));
  return {
    upgrades: upgrades.flatMap((upgrade) => upgrade ?? []),
    problems: entries.flatMap((entry) => problemsOf(shelves[entry.kind], entry, isDisabled)),
  };
}

function entriesOf(service: ServiceResolutionRequest): Stored[] {
  const { providerId, builderId, runtimeId, runtimeConfig = {}, fallbackSources = [] } = service;
  const { providerVersion, builderVersion, runtimeVersion, providerConfig, builderConfig } = service;
  const runtime = {
    kind: 'runtime' as const,
    at: '',
    id: runtimeId ?? '',
    version: runtimeVersion,
    config: runtimeConfig,
  };
  return [
    { kind: 'provider', at: '', id: providerId, version: providerVersion, config: providerConfig },
    { kind: 'builder', at: '', id: builderId, version: builderVersion, config: builderConfig },
    ...(runtimeId === undefined ? [] : [runtime]),
    ...fallbackSources.map((source, index) => ({
      kind: 'provider' as const,
      at: `/fallbackSources/${index}`,
      id: source.providerId,
      version: source.providerVersion,
      config: source.providerConfig,
    })),
  ];
}

/** None to a version that is no newer. */
async function upgradeOf(shelf: Shelf, { kind, at, id, version: from, config }: Stored): Promise<Upgrade | null> {
  const to = shelf.metadata(id)?.version;
  if (to === undefined || !valid(from) || !gt(to, from!)) return null;
  const moved = (await shelf.migrate(id, config, from!, to))!;
  const newest = shelf.schema(id, to)!;
  // The schema of a version that is gone is not known any more: no more is shown than what the newest has as well.
  const own = shelf.schema(id, from) ?? newest;
  return {
    path: `${at}/${kind}Config`,
    kind,
    id,
    from: from!,
    to,
    before: shownConfig(config, own, secretKeys(newest)),
    after: shownConfig(moved.config, newest, secretKeys(own)),
    problems: moved.result.errors,
  };
}

function problemsOf(shelf: Shelf, { kind, at, id, version }: Stored, isDisabled: IsDisabled): Problem[] {
  const newest = shelf.metadata(id);
  if (!newest) return [unknownEntry(kind, at, id, shelf.all())];
  const isGone = version !== undefined && !newest.versions.includes(version);
  return [
    ...(isGone ? [versionGone(kind, at, id, version, newest.versions)] : []),
    ...(isDisabled(kind, id) ? [switchedOff(kind, at, id)] : []),
  ];
}
