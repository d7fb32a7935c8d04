import pRetry from 'p-retry';

/** Classes of SQLSTATE that say "not now": connection, resources, an operator's intervention. */
const passing = /^(08|53|57)/;
const network = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
]);

const retries = { retries: Number.POSITIVE_INFINITY, minTimeout: 50, maxTimeout: 1_000, maxRetryTime: 30_000 };

/** Whether an error says that the database cannot be reached now, not that the statement is wrong. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', syscall, cause } = error as NodeJS.ErrnoException;
  // The socket file of a server on this machine; any other file is none of its business.
  const noSocket = code === 'ENOENT' && syscall === 'connect';
  return noSocket || network.has(code) || passing.test(code) || isUnreachable(cause);
}

/** Repeats a statement that may run twice while the database cannot be reached, for half a minute at most. */
export const steadily = <T>(statement: () => Promise<T>): Promise<T> =>
  pRetry(statement, { ...retries, shouldRetry: ({ error }) => isUnreachable(error) });
