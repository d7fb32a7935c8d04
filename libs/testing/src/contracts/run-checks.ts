import type { Check } from '@pierhead/plugin/conformance';
import t, { type Test } from 'tap';

/** Each check as a test, named after the entry. */
export function runChecks({ id }: { id: string }, checks: readonly Check<Test>[]): void {
  for (const { name, skip, run } of checks)
    t.test(`${id}: ${name}`, { skip: skip ?? false }, async (t) => {
      const outcome = await run(t);
      t.pass('it holds', { skip: outcome?.notTried ?? false });
    });
}
