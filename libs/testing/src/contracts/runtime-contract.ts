import type { RuntimeManifest } from '@pierhead/model';
import { type RuntimeFixture as AnyFixture, runtimeChecks } from '@pierhead/plugin/conformance';
import type { Test } from 'tap';
import { runChecks } from './run-checks.js';

export type { RuntimeCase } from '@pierhead/plugin/conformance';
export type RuntimeFixture = AnyFixture<Test>;

/** Runs what must hold for every runtime; with a fixture, what it does is tried too. */
export const runtimeContract = (manifest: RuntimeManifest, fixture?: RuntimeFixture): void =>
  runChecks(manifest, runtimeChecks(manifest, fixture));
