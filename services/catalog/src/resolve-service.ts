import type {
  BuilderMetadata,
  Problem,
  ProviderMetadata,
  RuntimeMetadata,
  ServiceResolution,
  ServiceResolutionRequest,
} from '@pierhead/model';
import { type Chosen, chooseEntry, listOf } from './choose-entry.js';
import type { IsDisabled } from './disabled.js';
import type { Shelves } from './shelf.js';

type Previous = ServiceResolutionRequest['previous'];

/** Checks the ids and versions, whether they fit each other, and every config, and tells everything at once. */
export async function resolveService(
  shelves: Shelves,
  request: ServiceResolutionRequest,
  isDisabled: IsDisabled,
): Promise<ServiceResolution> {
  const { builderId, builderVersion, previous } = request;
  const runtimes = shelves.builder.fitting.runtime?.(builderId, builderVersion ?? previous?.builderVersion) ?? [];
  const runtimeId = request.runtimeId ?? runtimes.find(({ id }) => !isDisabled('runtime', id))?.id;
  const [provider, builder, runtime, ...fallbacks] = await Promise.all([
    chooseEntry(shelves.provider, providerChoice(request), isDisabled),
    chooseEntry(shelves.builder, builderChoice(request), isDisabled),
    runtimeId === undefined
      ? noRuntime
      : chooseEntry(shelves.runtime, runtimeChoice({ ...request, runtimeId }), isDisabled),
    ...fallbackChoices(request).map((choice) => chooseEntry(shelves.provider, choice, isDisabled)),
  ]);
  const parts = [provider, builder, runtime, ...fallbacks];

  const errors = [
    ...pairProblems(provider.entry, builder.entry, shelves, isDisabled),
    ...runtimeProblems(builder.entry, runtime.entry, request.runtimeId, shelves, isDisabled),
    ...fallbacks.flatMap(({ entry }, index) => fallbackProblems(entry, builder.entry, index)),
    ...parts.flatMap((part) => part.errors),
  ];
  return {
    valid: errors.length === 0,
    errors,
    warnings: parts.flatMap((part) => part.warnings),
    provider: pinned(provider),
    builder: pinned(builder),
    runtime: runtime.entry && { ...pinned(runtime)!, commands: runtime.entry.commands },
    providerConfig: provider.config,
    builderConfig: builder.config,
    runtimeConfig: runtime.config,
    fallbackSources: fallbacks.flatMap(fallbackOf),
    secrets: {
      providerConfig: provider.secrets,
      builderConfig: builder.secrets,
      runtimeConfig: runtime.secrets,
    },
  };
}

const noRuntime: Chosen<RuntimeMetadata> = { entry: null, errors: [], warnings: [], config: {}, secrets: [] };

const pinned = ({ entry }: Chosen) => entry && { id: entry.id, version: entry.version };

const fallbackOf = ({ entry, config, secrets }: Chosen) =>
  entry ? [{ providerId: entry.id, providerVersion: entry.version, providerConfig: config, secrets }] : [];

const providerChoice = ({ providerId, providerVersion, providerConfig, previous }: ServiceResolutionRequest) => ({
  at: '',
  id: providerId,
  version: providerVersion,
  config: providerConfig,
  previous: previousOf(previous, 'provider', providerId),
});

const builderChoice = ({ builderId, builderVersion, builderConfig, previous }: ServiceResolutionRequest) => ({
  at: '',
  id: builderId,
  version: builderVersion,
  config: builderConfig,
  previous: previousOf(previous, 'builder', builderId),
});

const runtimeChoice = (request: ServiceResolutionRequest & { runtimeId: string }) => ({
  at: '',
  id: request.runtimeId,
  version: request.runtimeVersion,
  config: request.runtimeConfig ?? {},
  previous: previousOf(request.previous, 'runtime', request.runtimeId),
});

/** A source counts as the one before when it stands in the same place with the same provider. */
function fallbackChoices({ fallbackSources = [], previous }: ServiceResolutionRequest) {
  return fallbackSources.map(({ providerId, providerVersion, providerConfig }, index) => {
    const before = previous?.fallbackSources?.[index];
    const isSame = before?.providerId === providerId;
    return {
      at: `/fallbackSources/${index}`,
      id: providerId,
      version: providerVersion,
      config: providerConfig,
      previous: isSame ? { version: before.providerVersion, config: before.providerConfig } : null,
    };
  });
}

function previousOf(previous: Previous, kind: 'provider' | 'builder' | 'runtime', id: string) {
  if (!previous || previous[`${kind}Id`] !== id) return null;
  return { version: previous[`${kind}Version`], config: previous[`${kind}Config`] ?? {} };
}

function pairProblems(
  provider: ProviderMetadata | null,
  builder: BuilderMetadata | null,
  shelves: Shelves,
  isDisabled: IsDisabled,
): Problem[] {
  if (!provider || !builder || builder.accepts.includes(provider.produces)) return [];
  const all = shelves.provider.fitting.builder?.(provider.id, provider.version) ?? [];
  const fitting = listOf(all.filter(({ id }) => !isDisabled('builder', id)));
  const message = `The builder "${builder.id}" cannot build what the provider "${provider.id}" fetches. Builders that fit: ${fitting}.`;
  return [{ path: '/builderId', code: 'incompatible_pair', message }];
}

function fallbackProblems(source: ProviderMetadata | null, builder: BuilderMetadata | null, index: number): Problem[] {
  if (!source || !builder || builder.accepts.includes(source.produces)) return [];
  const message = `The builder "${builder.id}" cannot build what the provider "${source.id}" fetches.`;
  return [{ path: `/fallbackSources/${index}/providerId`, code: 'incompatible_pair', message }];
}

function runtimeProblems(
  builder: BuilderMetadata | null,
  runtime: RuntimeMetadata | null,
  wanted: string | undefined,
  shelves: Shelves,
  isDisabled: IsDisabled,
): Problem[] {
  // An unknown runtime, or one in an unknown version, has been told already.
  if (!builder || (wanted !== undefined && !runtime) || runtime?.accepts.includes(builder.produces)) return [];
  const all = shelves.builder.fitting.runtime?.(builder.id, builder.version) ?? [];
  const fitting = listOf(all.filter(({ id }) => !isDisabled('runtime', id)));
  const subject = runtime ? `The runtime "${runtime.id}" cannot` : 'No runtime here can';
  const message = `${subject} run what the builder "${builder.id}" makes. Runtimes that fit: ${fitting}.`;
  return [{ path: '/runtimeId', code: 'incompatible_runtime', message }];
}
