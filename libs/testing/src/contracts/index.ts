export { type BuilderCase, type BuilderFixture, builderContract } from './builder-contract.js';
export { type ProviderCase, type ProviderFixture, providerContract } from './provider-contract.js';
export { type RecordingContext, recordingContext } from './recording-context.js';
export { type RuntimeCase, type RuntimeFixture, runtimeContract } from './runtime-contract.js';
export { type Loads, sampleManifests } from './sample-manifests.js';
