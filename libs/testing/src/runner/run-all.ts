import { findTestFiles, type Selection, type TestFile } from './find-test-files.js';
import { missingParts } from './missing-parts.js';
import { type Outcome, runFile } from './run-file.js';
import { describeOutcome, describeSkips, describeTotals, totalsOf } from './summary.js';
import { startSurroundings } from './surroundings.js';

const jobs = 2;

export interface RunOptions extends Selection {
  /** A skipped test fails the run. */
  noSkips: boolean;
  /** Ends the run early; everything that it started is stopped all the same. */
  signal: AbortSignal;
}

/** Runs the selected test files and prints what came of them; answers the exit code. */
export async function runTests(options: RunOptions): Promise<number> {
  const files = await findTestFiles(options);
  for (const line of await missingParts(process.env)) console.log(line);
  const outcomes = files.length > 0 ? await runFiles(files, options.signal) : [];
  return conclude(outcomes, options);
}

async function runFiles(files: readonly TestFile[], signal: AbortSignal): Promise<Outcome[]> {
  const { env, close } = await startSurroundings(process.env);
  const waiting = [...files];
  const outcomes: Outcome[] = [];
  const work = async () => {
    for (let file = waiting.shift(); file && !signal.aborted; file = waiting.shift()) {
      const outcome = await runFile(file, env, signal);
      outcomes.push(outcome);
      console.log(describeOutcome(outcome));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work)).finally(close);
  return outcomes;
}

function conclude(outcomes: readonly Outcome[], { noSkips, signal }: RunOptions): number {
  const totals = totalsOf(outcomes);
  const ran = totals.passed + totals.failed;
  const faults = [
    signal.aborted && 'the run was interrupted',
    ran === 0 && 'no test ran',
    noSkips && totals.skipped > 0 && 'skipped tests fail this run (--no-skips)',
  ].filter((fault) => fault !== false);
  console.log(['', ...describeSkips(outcomes), ...faults, describeTotals(totals)].join('\n'));
  return totals.failed > 0 || faults.length > 0 ? 1 : 0;
}
