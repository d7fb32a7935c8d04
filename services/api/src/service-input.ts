import type { NewService, ServiceRow } from '@pierhead/database';
import { HttpProblem } from '@pierhead/http';
import { Compile, type Delivery, type Problem, ServiceInput, schemaProblems } from '@pierhead/model';
import type { ApiContext } from './context.js';
import { unacceptable } from './problems.js';
import { sealConfig, sealVariables, unmask } from './service-secrets.js';

const compiled = Compile(ServiceInput);
const defaults: Delivery = { autoDeploy: true, queuePolicy: 'latest-wins', keepReleases: 5 };

/** A service as its owner would send it, its secrets in plain text: what a patch is merged into. */
export function inputOf(row: ServiceRow, { secrets }: ApiContext): ServiceInput {
  const { name, projectId, providerId, builderId, runtimeId, hostnames, delivery } = row;
  const open = (config: Record<string, unknown>) => secrets.open(config, row.id);
  const variables = Object.fromEntries(
    Object.entries(row.variables).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : { secret: true as const },
    ]),
  );
  return {
    name,
    projectId,
    providerId,
    builderId,
    runtimeId,
    hostnames,
    delivery,
    variables,
    providerConfig: open(row.providerConfig),
    builderConfig: open(row.builderConfig),
    runtimeConfig: open(row.runtimeConfig),
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
  const stored = current && inputOf(current, context);
  const whole = {
    ...input,
    providerConfig: unmask(input.providerConfig, stored?.providerConfig) as Record<string, unknown>,
    builderConfig: unmask(input.builderConfig, stored?.builderConfig) as Record<string, unknown>,
    runtimeConfig: unmask(input.runtimeConfig ?? {}, stored?.runtimeConfig) as Record<string, unknown>,
  };
  const { providerId, builderId, runtimeId, providerConfig, builderConfig, runtimeConfig } = whole;
  const [resolution, project] = await Promise.all([
    context.catalog.resolveService({
      providerId,
      builderId,
      ...(runtimeId ? { runtimeId } : {}),
      providerConfig,
      builderConfig,
      runtimeConfig,
    }),
    input.projectId ? context.projects.find(input.projectId) : context.projects.ensureDefault(),
  ]);
  const { variables, problems } = sealVariables(input.variables ?? {}, current?.variables ?? {}, secrets, id);
  const errors = [...resolution.errors, ...problems, ...hostnameProblems(input.hostnames ?? [], context.baseDomain)];
  if (!project)
    errors.push({ path: '/projectId', code: 'project_not_found', message: 'There is no project with this id.' });
  const { provider, builder, runtime } = resolution;
  if (!provider || !builder || !runtime || !project || errors.length > 0) {
    throw unacceptable('invalid_service', 'The service cannot be accepted as it is.', errors);
  }

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
    providerConfig: sealConfig(resolution.providerConfig, resolution.secrets.providerConfig, secrets, id),
    builderConfig: sealConfig(resolution.builderConfig, resolution.secrets.builderConfig, secrets, id),
    runtimeConfig: sealConfig(resolution.runtimeConfig, resolution.secrets.runtimeConfig, secrets, id),
    variables,
    hostnames: input.hostnames ?? [],
    delivery: { ...defaults, ...current?.delivery, ...input.delivery },
  };
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
