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
  const registries = emptyRegistries();
  const { problems } = addManifests(registries, manifests);
  if (problems.length > 0) throw refused(problems);
  return registries;
}

/** What was registered, and why the rest was not; the faults have paths such as `/providers/0/version`. */
export interface Added {
  manifests: Manifests;
  problems: Problem[];
}

/** Registers each that is sound; those of which a fault is `known` already are passed over. */
export function addManifests(
  { providers, builders, runtimes }: Registries,
  manifests: Partial<Manifests>,
  known: readonly Problem[] = [],
): Added {
  const problems: Problem[] = [];
  const add = <M>(list: keyof Manifests, registry: Taker<M>, given: readonly M[] = []) =>
    given.filter((manifest, index) => {
      const at = pointer(list, index);
      if (hasFault(at, known)) return false;
      const faults = registry.problemsOf(manifest);
      if (faults.length === 0) registry.register(manifest);
      problems.push(...faults.map((problem) => ({ ...problem, path: at + problem.path })));
      return faults.length === 0;
    });
  const added = {
    providers: add(
      'providers',
      taker(providers, (each) => providers.registerProvider(each)),
      manifests.providers,
    ),
    builders: add(
      'builders',
      taker(builders, (each) => builders.registerBuilder(each)),
      manifests.builders,
    ),
    runtimes: add(
      'runtimes',
      taker(runtimes, (each) => runtimes.registerRuntime(each)),
      manifests.runtimes,
    ),
  };
  return { manifests: added, problems };
}

interface Taker<M> {
  problemsOf(manifest: M): Problem[];
  register(manifest: M): void;
}

const taker = <M>(registry: Pick<Taker<M>, 'problemsOf'>, register: Taker<M>['register']): Taker<M> => ({
  problemsOf: (manifest) => registry.problemsOf(manifest),
  register,
});

const hasFault = (at: string, known: readonly Problem[]) =>
  known.some(({ path }) => path === at || path.startsWith(`${at}/`));

function emptyRegistries(): Registries {
  const providers: ProviderRegistry = new ProviderRegistry({ builders: () => builders.getAllBuilders() });
  const runtimes = new RuntimeRegistry({ builders: () => builders.getAllBuilders() });
  const builders: BuilderRegistry = new BuilderRegistry({
    providers: () => providers.getAllProviders(),
    runtimes: () => runtimes.getAllRuntimes(),
  });
  return { providers, builders, runtimes };
}

function refused(problems: Problem[]): UserError {
  const faults = problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
  return new UserError('invalid_manifest', `Some manifests cannot be registered.\n${faults}`, { problems });
}
