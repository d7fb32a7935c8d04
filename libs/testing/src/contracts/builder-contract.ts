import type { BuilderManifest } from '@pierhead/model';
import { type BuilderFixture as AnyFixture, builderChecks } from '@pierhead/plugin/conformance';
import type { Test } from 'tap';
import { runChecks } from './run-checks.js';

export type { BuilderCase } from '@pierhead/plugin/conformance';
export type BuilderFixture = AnyFixture<Test>;

/** Runs what must hold for every builder; with a fixture, what it does is tried too. */
export const builderContract = (manifest: BuilderManifest, fixture?: BuilderFixture): void =>
  runChecks(manifest, builderChecks(manifest, fixture));
