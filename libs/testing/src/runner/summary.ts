import { inspect } from 'node:util';
import type { Failure } from './read-tap.js';
import type { Outcome } from './run-file.js';

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export const totalsOf = (outcomes: readonly Outcome[]): Totals => ({
  passed: sum(outcomes, (each) => each.passed),
  failed: sum(outcomes, (each) => each.failures.length),
  skipped: sum(outcomes, (each) => each.skips.length),
});

const sum = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number) =>
  outcomes.reduce((total, each) => total + of(each), 0);

/** One line for a file that passed; all there is to know about one that failed. */
export function describeOutcome(outcome: Outcome): string {
  const { file, passed, failures, skips, measured, durationMs, errorOutput } = outcome;
  const skipped = skips.length > 0 ? `, ${skips.length} skipped` : '';
  const seconds = (durationMs / 1000).toFixed(1);
  const told = measured.map(indent);
  if (failures.length === 0)
    return [`ok      ${file.source} (${passed} passed${skipped}, ${seconds} s)`, ...told].join('\n');
  const head = `FAILED  ${file.source} (${passed} passed, ${failures.length} failed${skipped}, ${seconds} s)`;
  const errors = errorOutput ? [indent(`stderr:\n${errorOutput}`)] : [];
  return [head, ...told, ...failures.map(describeFailure), ...errors].join('\n');
}

function describeFailure({ name, details }: Failure): string {
  const { diff, at, source, stack, tapCaught, ...rest } = details;
  const place = at as { fileName?: string; lineNumber?: number } | undefined;
  const lines = [
    `- ${name}`,
    place?.fileName && `  at ${place.fileName}:${place.lineNumber}`,
    typeof source === 'string' && source,
    typeof diff === 'string' && diff,
    Object.keys(rest).length > 0 && inspect(rest, { depth: 6, breakLength: 110 }),
    typeof stack === 'string' && stack,
  ];
  return indent(lines.filter(Boolean).join('\n'));
}

const indent = (text: string) => text.trimEnd().replace(/^/gm, '    ');

/** The skipped tests by reason, most first; nothing when none was skipped. */
export function describeSkips(outcomes: readonly Outcome[]): string[] {
  const counts = new Map<string, number>();
  for (const reason of outcomes.flatMap((each) => each.skips)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const lines = [...counts].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `  ${count} × ${reason}`);
  return lines.length > 0 ? ['skipped:', ...lines] : [];
}

export const describeTotals = ({ passed, failed, skipped }: Totals) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
