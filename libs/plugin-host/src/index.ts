export { faultyPlugins } from './faulty-plugins.js';
export { openPlugin } from './open-plugin.js';
export { createRegistrySource, type RegistrySource, type RegistrySourceOptions } from './registry-source.js';
