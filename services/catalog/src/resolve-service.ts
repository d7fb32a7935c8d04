import type {
  ConfigSchema,
  Problem,
  ServiceResolution,
  ServiceResolutionRequest,
  ValidationResult,
} from '@pierhead/model';
import type { Registries } from '@pierhead/registry';

/** Checks the three ids, whether they fit each other, and the three configs, and tells everything at once. */
export async function resolveService(
  { providers, builders, runtimes }: Registries,
  request: ServiceResolutionRequest,
): Promise<ServiceResolution> {
  const { providerId, builderId } = request;
  const runtimeId = request.runtimeId ?? builders.getCompatibleRuntimes(builderId)[0]?.id ?? '';
  const provider = providers.getProviderMetadata(providerId);
  const builder = builders.getBuilderMetadata(builderId);
  const runtime = runtimes.getRuntimeMetadata(runtimeId);

  const providerPart = partOf(
    'providerConfig',
    await providers.validateProviderConfig(providerId, request.providerConfig),
    providers.getProviderSchema(providerId),
  );
  const builderPart = partOf(
    'builderConfig',
    await builders.validateBuilderConfig(builderId, request.builderConfig),
    builders.getBuilderSchema(builderId),
  );
  const runtimePart = partOf(
    'runtimeConfig',
    await runtimes.validateRuntimeConfig(runtimeId, request.runtimeConfig ?? {}),
    runtimes.getRuntimeSchema(runtimeId),
  );
  const parts = [providerPart, builderPart, runtimePart];

  const errors = [
    ...(provider ? [] : [unknown('provider', providerId, providers.getAllProviders())]),
    ...(builder ? [] : [unknown('builder', builderId, builders.getAllBuilders())]),
    ...(runtime || !request.runtimeId ? [] : [unknown('runtime', runtimeId, runtimes.getAllRuntimes())]),
    ...(provider && builder ? pairProblems(provider.id, builder.id, providers.getCompatibleBuilders(providerId)) : []),
    ...(builder && (runtime || !request.runtimeId)
      ? runtimeProblems(builder.id, runtime?.id, builders.getCompatibleRuntimes(builderId))
      : []),
    ...parts.flatMap((part) => part.errors),
  ];
  return {
    valid: errors.length === 0,
    errors,
    warnings: parts.flatMap((part) => part.warnings),
    provider: pinned(provider),
    builder: pinned(builder),
    runtime: pinned(runtime),
    providerConfig: providerPart.config,
    builderConfig: builderPart.config,
    runtimeConfig: runtimePart.config,
    secrets: {
      providerConfig: providerPart.secrets,
      builderConfig: builderPart.secrets,
      runtimeConfig: runtimePart.secrets,
    },
  };
}

interface Entry {
  id: string;
  version: string;
}

const pinned = (entry: Entry | null) => entry && { id: entry.id, version: entry.version };

function partOf(name: string, result: ValidationResult | null, schema: ConfigSchema | null) {
  const under = (problems: readonly Problem[]) =>
    problems.map((problem) => ({ ...problem, path: `/${name}${problem.path}` }));
  return {
    errors: under(result?.errors ?? []),
    warnings: under(result?.warnings ?? []),
    config: result?.config ?? {},
    secrets: schema?.fields.filter((field) => field.secret).map((field) => field.key) ?? [],
  };
}

const unknown = (noun: string, id: string, all: readonly Entry[]): Problem => ({
  path: `/${noun}Id`,
  code: `unknown_${noun}`,
  message: `There is no ${noun} "${id}". Choose one of ${list(all)}.`,
});

function pairProblems(providerId: string, builderId: string, fitting: readonly Entry[]): Problem[] {
  if (fitting.some(({ id }) => id === builderId)) return [];
  const message = `The builder "${builderId}" cannot build what the provider "${providerId}" fetches. Builders that fit: ${list(fitting)}.`;
  return [{ path: '/builderId', code: 'incompatible_pair', message }];
}

function runtimeProblems(builderId: string, runtimeId: string | undefined, fitting: readonly Entry[]): Problem[] {
  if (fitting.some(({ id }) => id === runtimeId)) return [];
  const subject = runtimeId ? `The runtime "${runtimeId}" cannot` : 'No runtime here can';
  const message = `${subject} run what the builder "${builderId}" makes. Runtimes that fit: ${list(fitting)}.`;
  return [{ path: '/runtimeId', code: 'incompatible_runtime', message }];
}

const list = (entries: readonly Entry[]) => entries.map(({ id }) => `"${id}"`).join(', ') || 'none';
