import { openPlugin } from '@pierhead/plugin-host';
import type { Check, Outcome } from './conformance/check.js';
import type { Fixture, PluginScope } from './conformance/fixtures.js';
import { builderChecks, providerChecks, runtimeChecks } from './conformance/index.js';
import { type ReadFixtures, readFixtures } from './plugin-fixtures.js';
import { openScope } from './plugin-scope.js';

type Say = (line: string) => void;
type Opened = Awaited<ReturnType<typeof openPlugin>>;
type Verdict = 'holds' | 'does not hold' | 'not tried';

interface Suite {
  name: string;
  checks: Check<PluginScope>[];
}

/** Runs the conformance suite of the plugin in `folder`; whether all that could be tried held. */
export async function checkPlugin(folder: string, say: Say): Promise<boolean> {
  const opened = await openPlugin(folder, folder);
  const { info, manifests, close } = opened;
  try {
    say(`${info.name ?? folder} ${info.version ?? ''}`);
    for (const { path, code, message } of info.problems) say(`  ✗ ${path || '/'}  ${message} (${code})`);
    if (info.problems.length > 0) return false;
    const fixtures = await readFixtures(folder, manifests);
    for (const fault of fixtures.faults) say(`  ✗ ${fault}`);
    const verdicts: Verdict[] = fixtures.faults.map(() => 'does not hold');
    for (const suite of suitesOf(opened, fixtures)) verdicts.push(...(await runSuite(suite, say)));
    say(`\n${summaryOf(verdicts)}`);
    return !verdicts.includes('does not hold');
  } finally {
    await close();
  }
}

function summaryOf(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict) => verdicts.filter((each) => each === verdict).length;
  const [failed, untried] = [count('does not hold'), count('not tried')];
  const tried = failed === 0 ? 'all that were tried hold' : `${failed} do not hold`;
  return `${verdicts.length} checks: ${untried > 0 ? `${untried} not tried, ` : ''}${tried}.`;
}

function suitesOf({ manifests, methodsOf }: Opened, fixtures: ReadFixtures): Suite[] {
  const suites = <M extends { id: string; version: string }, Case>(
    kind: string,
    list: 'providers' | 'builders' | 'runtimes',
    entries: readonly M[],
    checksOf: (manifest: M, fixture: Fixture<Case, PluginScope>, methods: typeof methodsOf) => Check<PluginScope>[],
  ): Suite[] =>
    entries.map((each) => ({
      name: `${kind} ${each.id} ${each.version}`,
      checks: checksOf(each, fixtures.of(list, each) as Fixture<Case, PluginScope>, methodsOf),
    }));
  return [
    ...suites('provider', 'providers', manifests.providers, providerChecks<PluginScope>),
    ...suites('builder', 'builders', manifests.builders, builderChecks<PluginScope>),
    ...suites('runtime', 'runtimes', manifests.runtimes, runtimeChecks<PluginScope>),
  ];
}

async function runSuite({ name, checks }: Suite, say: Say): Promise<Verdict[]> {
  say(`\n${name}`);
  const verdicts: Verdict[] = [];
  for (const check of checks) verdicts.push(await runCheck(check, say));
  return verdicts;
}

async function runCheck(check: Check<PluginScope>, say: Say): Promise<Verdict> {
  try {
    const outcome = check.skip ? { notTried: check.skip } : await attempt(check);
    say(outcome ? `  - ${check.name}: not tried, ${outcome.notTried}` : `  ✓ ${check.name}`);
    return outcome ? 'not tried' : 'holds';
  } catch (error) {
    say(`  ✗ ${check.name}`);
    for (const line of told(error)) say(`      ${line}`);
    return 'does not hold';
  }
}

async function attempt(check: Check<PluginScope>): Promise<Outcome> {
  const { scope, close } = await openScope();
  try {
    return await check.run(scope);
  } finally {
    await close();
  }
}

function told(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const { code, message, hint } = error as Error & { code?: string; hint?: string };
  return [...`${message}${code ? ` (${code})` : ''}`.split('\n').slice(0, 20), ...(hint ? [hint] : [])];
}
