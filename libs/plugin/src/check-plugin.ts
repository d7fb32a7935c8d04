import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openPlugin } from '@pierhead/plugin-host';
import type { Check } from './conformance/check.js';
import type { Fixture, PluginFixtures, PluginScope } from './conformance/fixtures.js';
import { builderChecks, providerChecks, runtimeChecks } from './conformance/index.js';
import { type OpenScope, openScope } from './plugin-scope.js';

type Say = (line: string) => void;
interface Named {
  name: string;
  hasFixture: boolean;
  checks: Check<PluginScope>[];
}

/** Runs the conformance suite of the plugin in `folder`; whether everything held. */
export async function checkPlugin(folder: string, say: Say): Promise<boolean> {
  const { info, manifests, close } = await openPlugin(folder, folder);
  try {
    say(`${info.name ?? folder} ${info.version ?? ''}`);
    for (const { path, code, message } of info.problems) say(`  ✗ ${path || '/'}  ${message} (${code})`);
    if (info.problems.length > 0) return false;
    const fixtures = await fixturesIn(folder);
    const suites = suitesOf(manifests, fixtures);
    let failures = 0;
    for (const suite of suites) failures += await runSuite(suite, say);
    const count = suites.flatMap(({ checks }) => checks).length;
    say(failures === 0 ? `\n${count} checks, all of them hold.` : `\n${failures} of ${count} checks do not hold.`);
    return failures === 0;
  } finally {
    await close();
  }
}

async function fixturesIn(folder: string): Promise<PluginFixtures> {
  const file = join(folder, 'conformance.js');
  const isThere = await stat(file).catch(() => null);
  return isThere ? ((await import(pathToFileURL(file).href)) as PluginFixtures) : {};
}

type Opened = Awaited<ReturnType<typeof openPlugin>>;

function suitesOf({ providers, builders, runtimes }: Opened['manifests'], fixtures: PluginFixtures): Named[] {
  const suite = <M extends { id: string; version: string }, Case extends object>(
    kind: string,
    manifest: M,
    fixture: Fixture<Case, PluginScope> | undefined,
    checksOf: (manifest: M, fixture?: Fixture<Case, PluginScope>) => Check<PluginScope>[],
  ): Named => ({
    name: `${kind} ${manifest.id} ${manifest.version}`,
    hasFixture: fixture !== undefined,
    checks: checksOf(manifest, fixture && withStorage(fixture)),
  });
  return [
    ...providers.map((each) => suite('provider', each, fixtures.providers?.[each.id], providerChecks<PluginScope>)),
    ...builders.map((each) => suite('builder', each, fixtures.builders?.[each.id], builderChecks<PluginScope>)),
    ...runtimes.map((each) => suite('runtime', each, fixtures.runtimes?.[each.id], runtimeChecks<PluginScope>)),
  ];
}

/** Whatever is prepared lies in the workspace, as it does in a deployment, and can be stored. */
function withStorage<Case extends object>(fixture: Fixture<Case, PluginScope>): Fixture<Case, PluginScope> {
  return {
    ...fixture,
    async prepare(scope) {
      const prepared: Case & { context?: object } = await fixture.prepare(scope);
      const { workspace, storage } = scope as OpenScope;
      return { ...prepared, context: { workspace, storage, ...prepared.context } };
    },
  };
}

async function runSuite({ name, hasFixture, checks }: Named, say: Say): Promise<number> {
  say(`\n${name}`);
  let failures = 0;
  for (const check of checks) if (!(await runCheck(check, say))) failures += 1;
  if (!hasFixture) say('  - what it does was not tried: conformance.js has nothing for it');
  return failures;
}

async function runCheck(check: Check<PluginScope>, say: Say): Promise<boolean> {
  if (check.skip) say(`  - ${check.name}: ${check.skip}`);
  if (check.skip) return true;
  const { scope, close } = await openScope();
  try {
    await check.run(scope);
    say(`  ✓ ${check.name}`);
    return true;
  } catch (error) {
    say(`  ✗ ${check.name}`);
    for (const line of told(error)) say(`      ${line}`);
    return false;
  } finally {
    await close();
  }
}

function told(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const { code, message, hint } = error as Error & { code?: string; hint?: string };
  return [...`${message}${code ? ` (${code})` : ''}`.split('\n').slice(0, 20), ...(hint ? [hint] : [])];
}
