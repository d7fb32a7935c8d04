import { InvalidArgumentError } from 'commander';

/** For an option that may be given several times. */
export const collect = (value: string, earlier: string[] = []) => [...earlier, value];

/** For an option that is a whole number. */
export function count(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}
