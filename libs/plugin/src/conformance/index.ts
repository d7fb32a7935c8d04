export { builderChecks } from './builder-checks.js';
export type { Check, Scope } from './check.js';
export type {
  BuilderCase,
  BuilderFixture,
  ProviderCase,
  ProviderFixture,
  RuntimeCase,
  RuntimeFixture,
} from './fixtures.js';
export { providerChecks } from './provider-checks.js';
export { type RecordingContext, recordingContext } from './recording-context.js';
export { runtimeChecks } from './runtime-checks.js';
