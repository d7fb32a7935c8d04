import type { Capabilities, Capability, HostSettings, Unavailable } from '@pierhead/model';
import type { Registries } from '@pierhead/registry';

interface Asked {
  unavailable?(context: { host: HostSettings; signal: AbortSignal }): Promise<Unavailable | null>;
}

const limitMs = 5_000;

/** What this machine can fetch, build and run, asked of every registry entry. */
export async function findCapabilities(
  { providers, builders, runtimes }: Registries,
  host: HostSettings,
): Promise<Capabilities> {
  const signal = AbortSignal.timeout(limitMs);
  const ask = async ({ id, version }: { id: string; version: string }, instance: Asked | null): Promise<Capability> => {
    const reason = (await instance?.unavailable?.({ host, signal })) ?? null;
    return { id, version, available: reason === null, reason };
  };
  const [p, b, r] = await Promise.all([
    Promise.all(providers.getAllProviders().map(async (each) => ask(each, await providers.getProvider(each.id)))),
    Promise.all(builders.getAllBuilders().map(async (each) => ask(each, await builders.getBuilder(each.id)))),
    Promise.all(runtimes.getAllRuntimes().map(async (each) => ask(each, await runtimes.getRuntime(each.id)))),
  ]);
  return { providers: p, builders: b, runtimes: r };
}
