export { BuilderRegistry } from './builder-registry.js';
export { checkManifests } from './check-manifests.js';
export { addManifests, createRegistries, type Manifests, type Registries } from './create-registries.js';
export type { ValidateOptions } from './entry.js';
export { ProviderRegistry } from './provider-registry.js';
export { type MigratedConfig, Registry } from './registry.js';
export { RuntimeRegistry } from './runtime-registry.js';
