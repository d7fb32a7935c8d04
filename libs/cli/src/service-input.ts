import { type Client, dataOf, type ServiceInput } from '@pierhead/client';
import { configOf, splitAssignment } from './config-values.js';
import { type Noun, registries } from './registries.js';

export interface ServiceOptions {
  name: string;
  provider: string;
  builder: string;
  runtime?: string;
  providerSet: string[];
  builderSet: string[];
  runtimeSet: string[];
  var: string[];
  secret: string[];
  hostname: string[];
  project?: string;
}

/** A service as the options describe it, its configs typed by the schemas of what was chosen. */
export async function serviceInput(client: Client, options: ServiceOptions): Promise<ServiceInput> {
  const { name, provider, builder, runtime, project, hostname } = options;
  const config = async (noun: Noun, id: string, assignments: string[]) =>
    assignments.length > 0 ? configOf((await registries[noun].schema(client, id)).fields, assignments) : {};
  const runtimeId = async () => runtime ?? (await firstRuntime(client, builder));
  return {
    name,
    providerId: provider,
    builderId: builder,
    providerConfig: await config('provider', provider, options.providerSet),
    builderConfig: await config('builder', builder, options.builderSet),
    runtimeConfig: options.runtimeSet.length > 0 ? await config('runtime', await runtimeId(), options.runtimeSet) : {},
    variables: {
      ...Object.fromEntries(options.var.map(splitAssignment)),
      ...Object.fromEntries(options.secret.map(splitAssignment).map(([key, value]) => [key, { secret: true, value }])),
    },
    hostnames: hostname,
    ...(runtime ? { runtimeId: runtime } : {}),
    ...(project ? { projectId: project } : {}),
  };
}

/** The runtime that a service gets when it names none. */
async function firstRuntime(client: Client, builder: string): Promise<string> {
  const fitting = await dataOf(client.GET('/builders/{id}/runtimes', { params: { path: { id: builder } } }));
  return fitting[0]?.id ?? 'none';
}
