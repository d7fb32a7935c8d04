import { HttpProblem } from '@pierhead/http';

const lastMs = Date.UTC(9999, 11, 31);

/** A time as a client wrote it, brought to what the database can hold; null for what Date does not know, such as a leap second. */
export function timeOf(text: string): Date | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(Math.min(Math.max(ms, 0), lastMs));
}

/** The time of a part of the query. Throws a problem that names it. */
export function timeIn(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = timeOf(text);
  if (time) return time;
  throw badQuery(name, `${name} must be a time such as 2026-01-31T12:00:00Z.`);
}

export function badQuery(name: string, message: string, code = 'format'): HttpProblem {
  const errors = [{ path: `/query/${name}`, code, message }];
  return new HttpProblem(400, 'invalid_request', `The query string is not acceptable: ${message}`, { errors });
}
