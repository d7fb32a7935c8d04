import type { CommandError } from '@pierhead/model';
import { eq, sql } from 'drizzle-orm';
import { canRun, findCandidates, type LiveWorker, leastBusy } from './choose-worker.js';
import type { Database } from './connect.js';
import type { Dispatch } from './dispatch.js';
import { later } from './later.js';
import { liveFor, liveWorkers, requirementsOf } from './live-workers.js';
import type { Snapshot } from './snapshot.js';
import { commands } from './tables.js';

/** How long a job may be missing from the queue before it is added again; one that is there is not added twice. */
const redispatchAfter = '10 seconds';

const lost: CommandError = {
  code: 'artifact_lost',
  message: 'No worker that runs has what was built for this release.',
  hint: 'Start the worker of the machine that it runs on, or deploy again.',
};
const interrupted: CommandError = {
  code: 'command_interrupted',
  message: 'The worker that ran the command stopped. How far it got is not known, and it was not run again.',
  hint: 'Look at what it did, then run it again. What is left of it is stopped once a worker runs on that machine.',
};

interface Needing {
  snapshot: Snapshot;
  lackedBy: string[];
}

interface Waiting extends Needing, Record<string, unknown> {
  id: string;
  attempt: number;
  dispatchedTo: string | null;
}

/** How commands get from their rows to workers, and to an end when their worker dies. */
export function commandDispatchRepository({ orm, sql: raw }: Database) {
  return {
    /**
     * The queued commands that were not yet handed over, handed over long ago, or handed to a worker that has gone since,
     * each with the worker that it is handed to now. Those that no worker can run stay; those that none has the artifact
     * of fail.
     */
    async take(): Promise<Dispatch[]> {
      return orm.transaction(async (tx) => {
        const waiting = await tx.execute<Waiting>(sql`
          select c.id, c.attempt, c.dispatched_to as "dispatchedTo", c.lacked_by as "lackedBy", d.snapshot
          from commands c join deployments d on d.id = c.deployment_id
          where c.status = 'queued'
            and (c.dispatched_at is null or c.dispatched_at < now() - ${redispatchAfter}::interval or not exists (
              select 1 from workers w where w.id = c.dispatched_to and w.last_heartbeat_at > now() - ${liveFor}::interval))
          order by c.id
          for update of c skip locked`);
        if (waiting.length === 0) return [];
        const workers = await liveWorkers(tx);
        const hopeless = waiting.filter((each) => isLost(each, workers)).map(({ id }) => id);
        const chosen = choose(waiting, workers);
        if (hopeless.length > 0)
          await tx.execute(sql`
            update commands set status = 'failed', error = ${JSON.stringify(lost)}::jsonb, finished_at = now()
            where id in ${hopeless}`);
        if (chosen.length > 0)
          await tx.execute(sql`
            update commands m set dispatched_at = now(), dispatched_to = c."workerId"
            from jsonb_to_recordset(${JSON.stringify(chosen)}::jsonb) as c(id uuid, "workerId" text), ${sql.raw(later)} where m.id = c.id`);
        return chosen;
      });
    },

    /** Takes back that a command was handed over: the queue would not have it. */
    async undo(id: string): Promise<void> {
      await orm.update(commands).set({ dispatchedAt: null, dispatchedTo: null }).where(eq(commands.id, id));
    },

    /** Fails the commands of workers that have not renewed their leases: none is run a second time. */
    async failLapsed(): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        update commands set status = 'failed', error = ${JSON.stringify(interrupted)}::jsonb, finished_at = now(),
          lease_owner = null, lease_until = null
        where status = 'running' and lease_until < now() returning id`;
      return rows.map((row) => row.id);
    },
  };
}

/** Where a command goes; null where it has to wait. */
function workerFor(needing: Needing, workers: readonly LiveWorker[], avoid: string | null): LiveWorker | null {
  const candidates = findCandidates(needs(needing), workers);
  if (typeof candidates === 'string') return null;
  return (
    leastBusy(
      candidates.filter(({ id }) => !needing.lackedBy.includes(id)),
      avoid,
    ) ?? null
  );
}

/** Why a command has to wait for a worker; null where one takes it. */
export function waitsFor(needing: Needing, workers: readonly LiveWorker[]): string | null {
  const candidates = findCandidates(needs(needing), workers);
  return typeof candidates === 'string' ? candidates : null;
}

/** Release and all: nothing is fetched or built. */
const needs = ({ snapshot }: Needing) => requirementsOf({ snapshot, rollbackOf: 'itself' });

function isLost(needing: Needing, workers: readonly LiveWorker[]): boolean {
  const able = workers.filter((worker) => canRun(worker, needs(needing)));
  return able.length > 0 && able.every(({ id }) => needing.lackedBy.includes(id));
}

/** What each choice hands to a worker counts in the next one. */
function choose(waiting: readonly Waiting[], workers: LiveWorker[]): Dispatch[] {
  return waiting.flatMap((each) => {
    const worker = isLost(each, workers) ? null : workerFor(each, workers, each.dispatchedTo);
    if (!worker) return [];
    worker.busy += 1;
    return [{ id: each.id, attempt: each.attempt, workerId: worker.id }];
  });
}
