import { type FinalResults, Parser, type Result } from 'tap-parser';

export interface Failure {
  name: string;
  /** What tap found out about it: where, what was wanted, the difference. */
  details: Record<string, unknown>;
}

/** What one test file said. Counted are assertions, not the blocks around them. */
export interface Tally {
  passed: number;
  failures: Failure[];
  /** The reasons, one for each skipped test. */
  skips: string[];
  /** What its comments tell of durations, as `measured: …`. */
  measured: string[];
}

/** Reads TAP as it comes; `finished` answers once the stream has ended. */
export function readTap(): { input: NodeJS.WritableStream; finished: Promise<Tally> } {
  const tally: Tally = { passed: 0, failures: [], skips: [], measured: [] };
  let done: (tally: Tally) => void;
  const finished = new Promise<Tally>((resolve) => {
    done = resolve;
  });
  const parser = new Parser((results) => done(withFaults(tally, results)));
  watch(parser, tally);
  return { input: parser, finished };
}

function watch(parser: Parser, tally: Tally): void {
  let child: Parser | undefined;
  parser.on('child', (next: Parser) => {
    child = next;
    watch(next, tally);
  });
  parser.on('comment', (comment: string) => {
    const [, said] = /^# measured: (.+)$/m.exec(comment) ?? [];
    if (said) tally.measured.push(`${parser.name ? `${parser.name}: ` : ''}${said}`);
  });
  parser.on('assert', (result: Result) => {
    const isBlock = result.closingTestPoint && (child?.count ?? 0) > 0;
    if (!isBlock) count(result, tally);
  });
}

function count(result: Result, tally: Tally): void {
  if (result.todo) tally.skips.push(`still to do: ${reason(result.todo, result)}`);
  else if (result.skip) tally.skips.push(reason(result.skip, result));
  else if (result.ok) tally.passed += 1;
  else tally.failures.push({ name: result.fullname, details: result.diag ?? {} });
}

// `t.skip('why')` puts the reason where the name is.
const reason = (said: string | boolean, result: Result) => (typeof said === 'string' ? said : result.name);

/** A broken plan or a bail-out is a failure even where each assertion passed. */
function withFaults(tally: Tally, results: FinalResults): Tally {
  if (results.ok || tally.failures.length > 0) return tally;
  const faults = results.failures.map((each) => ({
    name: String(('name' in each && each.name) || each.tapError),
    details: {},
  }));
  const bailed = results.bailout ? [{ name: `bailed out: ${results.bailout}`, details: {} }] : [];
  return { ...tally, failures: [...faults, ...bailed] };
}
