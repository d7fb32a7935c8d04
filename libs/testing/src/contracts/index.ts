export { type RecordingContext, recordingContext } from '@pierhead/plugin/conformance';
export { type BuilderCase, type BuilderFixture, builderContract } from './builder-contract.js';
export { type ProviderCase, type ProviderFixture, providerContract } from './provider-contract.js';
export { type RuntimeCase, type RuntimeFixture, runtimeContract } from './runtime-contract.js';
export { type Loads, sampleManifests } from './sample-manifests.js';
