import { builderContract } from './builder-contract.js';
import { providerContract } from './provider-contract.js';
import { runtimeContract } from './runtime-contract.js';
import { sampleManifests } from './sample-manifests.js';

const { providers, builders, runtimes } = sampleManifests();
for (const manifest of providers) providerContract(manifest);
for (const manifest of builders) builderContract(manifest);
for (const manifest of runtimes) runtimeContract(manifest);
