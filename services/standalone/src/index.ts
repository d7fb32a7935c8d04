export { runStandalone } from './run-standalone.js';
export { type Standalone, type StandaloneOptions, startStandalone } from './start-standalone.js';
