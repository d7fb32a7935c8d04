import type { Problem, ScheduleInput, ServiceResolution } from '@pierhead/model';
import { cronFault, isTimeZone } from './cron.js';

/** What is wrong with the schedules of a service, each fault at its path. */
export function scheduleProblems(
  schedules: readonly ScheduleInput[],
  runtime: ServiceResolution['runtime'],
): Problem[] {
  const problems = schedules.flatMap((each, index) => faultsOf(each, `/schedules/${index}`, schedules.slice(0, index)));
  if (schedules.length > 0 && runtime && !runtime.commands) {
    const message = `The runtime "${runtime.id}" runs no commands: leave the schedules out, or choose another runtime.`;
    problems.push({ path: '/schedules', code: 'commands_not_supported', message });
  }
  return problems;
}

function faultsOf({ name, cron, timeZone }: ScheduleInput, at: string, before: readonly ScheduleInput[]): Problem[] {
  const problems: Problem[] = [];
  const fault = cronFault(cron);
  if (fault) problems.push({ path: `${at}/cron`, code: 'invalid_cron', message: fault });
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    const message = 'Write the name of a time zone such as Europe/Berlin or UTC.';
    problems.push({ path: `${at}/timeZone`, code: 'invalid_time_zone', message });
  }
  if (before.some((each) => each.name === name))
    problems.push({ path: `${at}/name`, code: 'name_taken', message: `Another schedule is called "${name}".` });
  return problems;
}
