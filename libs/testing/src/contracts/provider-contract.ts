import type { ProviderManifest } from '@pierhead/model';
import { type ProviderFixture as AnyFixture, providerChecks } from '@pierhead/plugin/conformance';
import type { Test } from 'tap';
import { runChecks } from './run-checks.js';

export type { ProviderCase } from '@pierhead/plugin/conformance';
export type ProviderFixture = AnyFixture<Test>;

/** Runs what must hold for every provider; with a fixture, what it does is tried too. */
export const providerContract = (manifest: ProviderManifest, fixture?: ProviderFixture): void =>
  runChecks(manifest, providerChecks(manifest, fixture));
