import {
  type BuilderManifest,
  type Problem,
  type ProviderManifest,
  pointer,
  type RuntimeManifest,
  UserError,
} from '@pierhead/model';
import { BuilderRegistry } from './builder-registry.js';
import { ProviderRegistry } from './provider-registry.js';
import { RuntimeRegistry } from './runtime-registry.js';

export interface Manifests {
  providers: readonly ProviderManifest[];
  builders: readonly BuilderManifest[];
  runtimes: readonly RuntimeManifest[];
}

export interface Registries {
  providers: ProviderRegistry;
  builders: BuilderRegistry;
  runtimes: RuntimeRegistry;
}

/** The three registries, linked. Throws one UserError with every fault of every manifest, as `/providers/0/id`. */
export function createRegistries(manifests: Manifests): Registries {
  const providers: ProviderRegistry = new ProviderRegistry({ builders: () => builders.getAllBuilders() });
  const runtimes = new RuntimeRegistry({ builders: () => builders.getAllBuilders() });
  const builders: BuilderRegistry = new BuilderRegistry({
    providers: () => providers.getAllProviders(),
    runtimes: () => runtimes.getAllRuntimes(),
  });
  const problems = [
    ...registerAll('providers', manifests.providers, (manifest) => providers.registerProvider(manifest)),
    ...registerAll('builders', manifests.builders, (manifest) => builders.registerBuilder(manifest)),
    ...registerAll('runtimes', manifests.runtimes, (manifest) => runtimes.registerRuntime(manifest)),
  ];
  if (problems.length > 0) throw refused(problems);
  return { providers, builders, runtimes };
}

function registerAll<M>(list: string, manifests: readonly M[], register: (manifest: M) => void): Problem[] {
  return manifests.flatMap((manifest, index) => {
    try {
      register(manifest);
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return error.problems.map((problem) => ({ ...problem, path: pointer(list, index) + problem.path }));
    }
  });
}

function refused(problems: Problem[]): UserError {
  const faults = problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
  return new UserError('invalid_manifest', `Some manifests cannot be registered.\n${faults}`, { problems });
}
