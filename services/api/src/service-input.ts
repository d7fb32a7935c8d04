import type { NewService, ServiceRow } from '@pierhead/database';
import { HttpProblem } from '@pierhead/http';
import { Compile, defaultTimeouts, type Problem, ServiceInput, scheduleOf, schemaProblems } from '@pierhead/model';
import type { ApiContext } from './context.js';
import { unacceptable } from './problems.js';
import { resolutionRequest } from './resolution-request.js';
import { scheduleProblems } from './schedule-problems.js';
import { mask, sealConfig, sealVariables } from './service-secrets.js';
import { deliveryOf } from './views.js';

const compiled = Compile(ServiceInput);

/**
 * A service as its owner is shown it, secrets masked: what a patch is merged into. It names no versions: those that the
 * service has are kept unless the patch names others.
 */
export function inputOf(row: ServiceRow): ServiceInput {
  const { name, projectId, hostnames, providerId, builderId, runtimeId, schedules } = row;
  return {
    name,
    projectId,
    hostnames,
    delivery: deliveryOf(row),
    schedules,
    variables: mask(row.variables) as ServiceInput['variables'] & object,
    providerId,
    builderId,
    runtimeId,
    providerConfig: mask(row.providerConfig),
    builderConfig: mask(row.builderConfig),
    runtimeConfig: mask(row.runtimeConfig),
    fallbackSources: row.fallbackSources.map(({ providerVersion: _, ...source }) => mask(source)),
  };
}

/** What a patch is merged into: a config belongs to its entry, so where an entry changes its config starts empty. */
export function patchBase(current: ServiceInput, patch: Record<string, unknown>): ServiceInput {
  const changes = (key: 'providerId' | 'builderId' | 'runtimeId') => key in patch && patch[key] !== current[key];
  const { runtimeId, runtimeConfig, ...rest } = current;
  const runtimeGoes = changes('runtimeId') || (changes('builderId') && !('runtimeId' in patch));
  return {
    ...rest,
    ...(runtimeGoes ? {} : { runtimeId, runtimeConfig }),
    ...(changes('providerId') ? { providerConfig: {} } : {}),
    ...(changes('builderId') ? { builderConfig: {} } : {}),
  };
}

/** Throws 400 unless `value` has the shape of a service. */
export function assertInput(value: unknown): asserts value is ServiceInput {
  if (compiled.Check(value)) return;
  const errors = schemaProblems(compiled.Errors(value), { nameOf: (path) => path || 'The service' });
  throw new HttpProblem(400, 'invalid_request', 'The service that the patch makes is not acceptable.', { errors });
}

/**
 * Checks a whole service with the catalog and seals its secrets.
 * @param current the stored service that is changed, if any
 * @throws HttpProblem 422 with every fault at its path
 */
export async function resolveInput(
  input: ServiceInput,
  id: string,
  current: ServiceRow | null,
  context: ApiContext,
): Promise<NewService> {
  const { secrets } = context;
  const wanted = resolutionRequest(input, current, secrets);
  const [resolution, project] = await Promise.all([
    context.catalog.resolveService(wanted.request),
    input.projectId ? context.projects.find(input.projectId) : context.projects.ensureDefault(),
  ]);
  const { variables, problems } = sealVariables(input.variables ?? {}, current?.variables ?? {}, secrets, id);
  const errors = [
    ...resolution.errors,
    ...wanted.problems,
    ...problems,
    ...nameProblems(input.name, current),
    ...hostnameProblems(input.hostnames ?? [], context.baseDomain),
    ...scheduleProblems(input.schedules ?? [], resolution.runtime),
  ];
  if (!project)
    errors.push({ path: '/projectId', code: 'project_not_found', message: 'There is no project with this id.' });
  const { provider, builder, runtime } = resolution;
  if (!provider || !builder || !runtime || !project || errors.length > 0) {
    throw unacceptable('invalid_service', 'The service cannot be accepted as it is.', errors);
  }

  const seal = (config: Record<string, unknown>, keys: readonly string[]) => sealConfig(config, keys, secrets, id);
  return {
    id,
    name: input.name,
    projectId: project.id,
    providerId: provider.id,
    providerVersion: provider.version,
    builderId: builder.id,
    builderVersion: builder.version,
    runtimeId: runtime.id,
    runtimeVersion: runtime.version,
    providerConfig: seal(resolution.providerConfig, resolution.secrets.providerConfig),
    builderConfig: seal(resolution.builderConfig, resolution.secrets.builderConfig),
    runtimeConfig: seal(resolution.runtimeConfig, resolution.secrets.runtimeConfig),
    fallbackSources: resolution.fallbackSources.map(({ secrets: keys, ...source }) => ({
      ...source,
      providerConfig: seal(source.providerConfig, keys),
    })),
    variables,
    hostnames: input.hostnames ?? [],
    schedules: (input.schedules ?? []).map(scheduleOf),
    delivery: {
      ...deliveryOf(current),
      ...input.delivery,
      timeouts: { ...defaultTimeouts, ...(input.delivery ?? deliveryOf(current)).timeouts },
    },
  };
}

/** Two dashes stand between the name and the environment in a hostname: in a name they could mean another service. */
function nameProblems(name: string, current: ServiceRow | null): Problem[] {
  if (!name.includes('--') || name === current?.name) return [];
  return [{ path: '/name', code: 'name_reserved', message: 'A name has no two dashes in a row: choose another one.' }];
}

/** Names under the base domain belong to the services of those names. */
function hostnameProblems(hostnames: string[], baseDomain: string): Problem[] {
  return hostnames.flatMap((hostname, index) =>
    hostname === baseDomain || hostname.endsWith(`.${baseDomain}`)
      ? [
          {
            path: `/hostnames/${index}`,
            code: 'hostname_reserved',
            message: `Hostnames under ${baseDomain} are given by service names: choose another one.`,
          },
        ]
      : [],
  );
}
