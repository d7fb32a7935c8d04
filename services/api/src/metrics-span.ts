import { finestStep, stepAt } from '@pierhead/database';
import type { MetricsQuery } from '@pierhead/model';
import type { Span } from './metrics-view.js';
import { badQuery, timeIn } from './time-of.js';

const defaultSeconds = 3_600;
const keptSeconds = 7 * 86_400;
const usualPoints = 120;
/** Seconds that read well beneath a chart. */
const usualSteps = [10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 5_400, 7_200];

/**
 * Which steps a question is answered with. Throws a problem that names the part of the query that cannot be.
 * @param exactly now, in seconds since 1970
 */
export function spanOf(query: MetricsQuery, exactly: number): { span: Span; now: number } {
  // The step of samples that is under way would be told as less than it becomes.
  const now = below(exactly, finestStep);
  const to = Math.min(now, below(seconds('to', query.to) ?? now, finestStep));
  const asked = seconds('from', query.from) ?? to - defaultSeconds;
  if (asked >= to)
    throw badQuery('from', query.to ? 'from must be before to.' : 'from must be ten seconds ago, or more.', 'maximum');
  const start = Math.min(Math.max(asked, now - keptSeconds), to - finestStep);
  const kept = stepAt(now - start);
  const { stepSeconds = usualSteps.find((step) => step >= (to - start) / usualPoints) ?? usualSteps.at(-1)! } = query;
  const step = Math.ceil(Math.max(stepSeconds, kept) / kept) * kept;
  return { span: { from: below(start, step), to, stepSeconds: step }, now };
}

const seconds = (name: string, text: string | undefined) => {
  const time = timeIn(name, text);
  return time && time.getTime() / 1_000;
};

const below = (value: number, step: number) => Math.floor(value / step) * step;
