import type { Schedule } from '@pierhead/model';
import { CronExpressionParser } from 'cron-parser';

type Times = Pick<Schedule, 'cron' | 'timeZone'>;

/** What the library takes beyond the fields of cron: a letter of its own for "some time or other", and missing fields. */
const shape = /^\S+( \S+){4,5}$/;
const anyTime = /(?<![a-z])h/i;

/** The first moment after `from`; null where there is none. */
export function nextTime({ cron, timeZone }: Times, from: Date): Date | null {
  try {
    return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: from }).next().toDate();
  } catch {
    return null;
  }
}

/** The last moment before `from`; null where there is none. */
export function lastTime({ cron, timeZone }: Times, from: Date): Date | null {
  try {
    return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: from }).prev().toDate();
  } catch {
    return null;
  }
}

/** Why an expression is not one, or never comes; null for a good one. */
export function cronFault(cron: string): string | null {
  if (!shape.test(cron)) return 'Write five fields, or six with seconds first, with one space between two of them.';
  if (anyTime.test(cron)) return 'H is not known here: write the minute or hour itself.';
  try {
    CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: new Date() }).next();
    return null;
  } catch (error) {
    return `${error instanceof Error ? error.message : 'It cannot be read'}.`;
  }
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
