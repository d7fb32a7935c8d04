export { leftOut } from './left-out.js';
export { openPlugin } from './open-plugin.js';
export { createRegistrySource, type RegistrySource, type RegistrySourceOptions } from './registry-source.js';
