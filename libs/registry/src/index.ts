export { BuilderRegistry } from './builder-registry.js';
export { createRegistries, type Manifests, type Registries } from './create-registries.js';
export { ProviderRegistry } from './provider-registry.js';
export { Registry } from './registry.js';
export { RuntimeRegistry } from './runtime-registry.js';
