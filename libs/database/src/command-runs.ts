import type { Artifact, CommandError } from '@pierhead/model';
import { and, eq, getTableColumns, sql } from 'drizzle-orm';
import type { CommandColumns } from './commands.js';
import type { Database } from './connect.js';
import { isId } from './ids.js';
import type { Snapshot } from './snapshot.js';
import { steadily } from './steadily.js';
import { commands, deployments } from './tables.js';

/** A worker's hold on a command. It is taken once and never again, so that it needs no epoch. */
export interface CommandLease {
  commandId: string;
  owner: string;
}

/** A command that a worker holds from now on, with what it needs of its release. */
export interface ClaimedCommand extends CommandColumns {
  snapshot: Snapshot;
  artifact: Artifact | null;
}

export type CommandEnding =
  | { status: 'succeeded'; exitCode: number }
  | { status: 'canceled' }
  | { status: 'failed'; exitCode?: number; error: CommandError };

/** What a worker does to the commands that it runs. False means: it does not hold the command, or not any more. */
export function commandRunRepository({ orm, sql: raw }: Database) {
  return {
    /**
     * Takes a queued command that was handed to this worker; null otherwise.
     * @param leaseSeconds how long the hold lasts unless renewed, by the database's clock
     */
    async claim({ commandId, owner }: CommandLease, leaseSeconds: number): Promise<ClaimedCommand | null> {
      const claimable = and(
        eq(commands.id, commandId),
        eq(commands.status, 'queued'),
        eq(commands.dispatchedTo, owner),
      );
      const leaseUntil = sql`now() + make_interval(secs => ${leaseSeconds})`;
      const [row] = await orm
        .update(commands)
        .set({ status: 'running', leaseOwner: owner, leaseUntil, startedAt: sql`now()` })
        .from(deployments)
        .where(and(claimable, eq(deployments.id, commands.deploymentId)))
        .returning({
          ...getTableColumns(commands),
          snapshot: deployments.snapshot,
          artifact: deployments.artifact,
        });
      return row ?? null;
    },

    /** This worker does not have its artifact, and has not begun: another one may. */
    async lacks({ commandId, owner }: CommandLease): Promise<void> {
      await raw`
        update commands set status = 'queued', lacked_by = lacked_by || to_jsonb(${owner}::text), attempt = attempt + 1,
          dispatched_at = null, dispatched_to = null, lease_owner = null, lease_until = null, started_at = null
        where id = ${commandId} and status = 'running' and lease_owner = ${owner}`;
    },

    async renew({ commandId, owner }: CommandLease, leaseSeconds: number): Promise<'held' | 'cancel' | 'lost'> {
      const [row] = await orm
        .update(commands)
        .set({ leaseUntil: sql`now() + make_interval(secs => ${leaseSeconds})` })
        .where(and(eq(commands.id, commandId), eq(commands.leaseOwner, owner), eq(commands.status, 'running')))
        .returning({ cancel: commands.cancelRequestedAt });
      if (!row) return 'lost';
      return row.cancel ? 'cancel' : 'held';
    },

    finish: ({ commandId, owner }: CommandLease, ending: CommandEnding): Promise<boolean> =>
      steadily(async () => {
        const exitCode = 'exitCode' in ending ? (ending.exitCode ?? null) : null;
        const error = 'error' in ending ? JSON.stringify(ending.error) : null;
        const rows = await raw`
          update commands set status = ${ending.status}, exit_code = ${exitCode}, error = ${error}::jsonb, finished_at = now(),
            lease_owner = null, lease_until = null
          where id = ${commandId} and lease_owner = ${owner} and status = 'running' returning id`;
        return rows.length === 1;
      }),

    /** Those of the commands that a worker runs now; whatever is left of others is to go. */
    async running(ids: readonly string[]): Promise<string[]> {
      const known = ids.filter(isId);
      if (known.length === 0) return [];
      const rows = await raw<{ id: string }[]>`
        select id::text from commands where id = any(${raw.array(known)}::uuid[]) and status = 'running'`;
      return rows.map((row) => row.id);
    },
  };
}
