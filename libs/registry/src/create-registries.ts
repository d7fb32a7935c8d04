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
  const problems = addManifests(registries, manifests);
  if (problems.length > 0) throw refused(problems);
  return registries;
}

/** Registers all of them or, where there are faults, none; the faults have paths such as `/providers/0/version`. */
export function addManifests(registries: Registries, manifests: Partial<Manifests>): Problem[] {
  const { providers, builders, runtimes } = registries;
  const problems = [
    ...problemsIn('providers', manifests.providers, (manifest) => providers.problemsOf(manifest)),
    ...problemsIn('builders', manifests.builders, (manifest) => builders.problemsOf(manifest)),
    ...problemsIn('runtimes', manifests.runtimes, (manifest) => runtimes.problemsOf(manifest)),
  ];
  if (problems.length > 0) return problems;
  for (const manifest of manifests.providers ?? []) providers.registerProvider(manifest);
  for (const manifest of manifests.builders ?? []) builders.registerBuilder(manifest);
  for (const manifest of manifests.runtimes ?? []) runtimes.registerRuntime(manifest);
  return [];
}

function emptyRegistries(): Registries {
  const providers: ProviderRegistry = new ProviderRegistry({ builders: () => builders.getAllBuilders() });
  const runtimes = new RuntimeRegistry({ builders: () => builders.getAllBuilders() });
  const builders: BuilderRegistry = new BuilderRegistry({
    providers: () => providers.getAllProviders(),
    runtimes: () => runtimes.getAllRuntimes(),
  });
  return { providers, builders, runtimes };
}

interface Versioned {
  id: string;
  version: string;
}

function problemsIn<M extends Versioned>(
  list: string,
  manifests: readonly M[] = [],
  problemsOf: (manifest: M) => Problem[],
): Problem[] {
  const twice = repeated(manifests);
  return manifests.flatMap((manifest, index) => {
    const own = problemsOf(manifest);
    const all = own.length > 0 || !twice.has(index) ? own : [duplicate(manifest)];
    return all.map((problem) => ({ ...problem, path: pointer(list, index) + problem.path }));
  });
}

/** The positions of what has the id and version of one before it. */
function repeated(manifests: readonly (Versioned | null)[]): Set<number> {
  const names = manifests.map((each) => JSON.stringify([each?.id, each?.version]));
  const seen = new Set<string>();
  return new Set(names.flatMap((name, index) => (seen.size === seen.add(name).size ? [index] : [])));
}

const duplicate = ({ id, version }: Versioned): Problem => ({
  path: '/version',
  code: 'duplicate_version',
  message: `"${id}" is here twice in version ${version}.`,
});

function refused(problems: Problem[]): UserError {
  const faults = problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
  return new UserError('invalid_manifest', `Some manifests cannot be registered.\n${faults}`, { problems });
}
