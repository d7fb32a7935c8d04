import type { ServicePlan } from '@pierhead/client';
import { CliError } from './failure.js';

const isMissing = ({ path, code }: ServicePlan['problems'][number]) =>
  /^\/(provider|builder|runtime)(Id|Version)$/.test(path) && /_(unknown|version_gone)$/.test(code);

/** Throws CliError where an entry of the service, or the version that the service has of it, is not there any more. */
export function assertNothingMissing(problems: ServicePlan['problems']): void {
  const [first, ...others] = problems.filter(isMissing);
  if (!first) return;
  const detail = [first, ...others].map(({ message }) => message).join(' ');
  throw new CliError(first.code, detail, 'A plugin may not have been loaded: see `pierhead plugins list`.');
}
