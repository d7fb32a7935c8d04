/**
 * A row for the FROM of a statement, whose transaction then ends before its commit is on disk: for progress, which may be
 * forgotten when the machine of PostgreSQL fails within the next second. Whatever was committed before it is never lost
 * without it, and a later commit that waits takes it along.
 */
export const later = "(select set_config('synchronous_commit', 'off', true)) as later";
