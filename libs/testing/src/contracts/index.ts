export * from './sample-manifests.js';
