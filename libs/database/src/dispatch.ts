import { eq, sql } from 'drizzle-orm';
import { chooseWorker, findCandidates, type LiveWorker, type Requirements } from './choose-worker.js';
import type { Database } from './connect.js';
import { later } from './later.js';
import { liveFor, liveWorkers, requirementsOf } from './live-workers.js';
import { maxRetries } from './runs.js';
import type { Snapshot } from './snapshot.js';
import { deployments } from './tables.js';

/** How long a job may be missing from the queue before it is added again; one that is there is not added twice. */
const redispatchAfter = '10 seconds';
const workerLost = {
  code: 'worker_lost',
  message: `${maxRetries + 1} workers in a row stopped while they ran this deployment.`,
  hint: 'Look at the workers\u2019 logs and memory, then deploy again.',
  line: null,
};

/** A deployment on its way to a worker, or to whichever takes it first. */
export interface Dispatch {
  id: string;
  attempt: number;
  workerId: string | null;
}

interface Waiting extends Record<string, unknown> {
  id: string;
  attempt: number;
  dispatchedTo: string | null;
  snapshot: Snapshot;
  rollbackOf: string | null;
}

/** How deployments get from their rows to workers, and back. */
export function dispatchRepository({ orm, sql: raw }: Database) {
  return {
    /**
     * What the queue should know now: the oldest queued deployment of each service and environment in which none
     * runs, not yet handed over, handed over long ago, or handed to a worker that has gone since. Marks them as
     * handed over. Those that no worker can run stay.
     */
    async take(): Promise<Dispatch[]> {
      return orm.transaction(async (tx) => {
        const waiting = await tx.execute<Waiting>(sql`
          select d.id, d.attempt, d.dispatched_to as "dispatchedTo", d.snapshot, d.rollback_of as "rollbackOf" from deployments d
          where d.status = 'queued' and d.not_before <= now()
            and (d.dispatched_at is null or d.dispatched_at < now() - ${redispatchAfter}::interval
              or (d.dispatched_to is not null and not exists (
                select 1 from workers w where w.id = d.dispatched_to and w.last_heartbeat_at > now() - ${liveFor}::interval)))
            and not exists (
              select 1 from deployments o where o.service_id = d.service_id and o.environment = d.environment and o.id <> d.id
                and (o.status = 'running' or (o.status = 'queued' and o.id < d.id)))
          order by d.id
          for update skip locked`);
        if (waiting.length === 0) return [];
        const chosen = choose(waiting, await liveWorkers(tx));
        if (chosen.length > 0)
          await tx.execute(sql`
            update deployments d set dispatched_at = now(), dispatched_to = c."workerId"
            from jsonb_to_recordset(${JSON.stringify(chosen)}::jsonb) as c(id uuid, "workerId" text), ${sql.raw(later)} where d.id = c.id`);
        return chosen;
      });
    },

    /** Takes back that a deployment was handed over: the queue would not have it. */
    async undo(id: string): Promise<void> {
      await orm.update(deployments).set({ dispatchedAt: null, dispatchedTo: null }).where(eq(deployments.id, id));
    },

    /** What a deployment needs of the worker that runs it; null when it is not queued any more. */
    async requirements(id: string): Promise<Requirements | null> {
      const [row] = await raw<Pick<Waiting, 'snapshot' | 'rollbackOf'>[]>`
        select snapshot, rollback_of as "rollbackOf" from deployments where id = ${id} and status = 'queued'`;
      return row ? requirementsOf(row) : null;
    },

    /** Whether a deployment is for this worker too, as things are now; if not, it is dispatched anew at once. */
    async isFor(id: string, requirements: Requirements, workerId: string): Promise<boolean> {
      const candidates = findCandidates(requirements, await liveWorkers(orm));
      if (typeof candidates !== 'string' && candidates.some((worker) => worker.id === workerId)) return true;
      await raw`
        with back as (update deployments set dispatched_at = null, dispatched_to = null where id = ${id} and status = 'queued' returning id)
        select pg_notify('deployments', id::text) from back`;
      return false;
    },

    /**
     * Takes deployments from workers that have not renewed their leases: queues them again, later each time, or fails
     * those that several workers died of, unless they are live. Such a worker gets nothing more until its next heartbeat.
     * @returns their ids
     */
    async releaseLapsed(): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        with lapsed as (
          select id, lease_owner, retries < ${maxRetries} or switched_at is not null as again from deployments
          where status = 'running' and lease_until < now() for update skip locked),
        silent as (
          update workers set last_heartbeat_at = least(last_heartbeat_at, now() - ${liveFor}::interval)
          where id in (select lease_owner from lapsed)),
        closed as (
          update stages set status = 'failed', finished_at = clock_timestamp()
          where deployment_id in (select id from lapsed) and finished_at is null)
        update deployments d set lease_owner = null, lease_until = null, dispatched_at = null, dispatched_to = null,
          attempt = attempt + 1, retries = retries + 1,
          not_before = case when retries = 0 then now() else now() + make_interval(secs => 2 ^ least(retries, 6)) end,
          status = case when again then 'queued' else 'failed' end,
          finished_at = case when again then null else now() end,
          error = case when again then error else ${JSON.stringify(workerLost)}::jsonb || jsonb_build_object('stage', stage) end
        from lapsed where d.id = lapsed.id
        returning d.id`;
      return rows.map((row) => row.id);
    },
  };
}

/** What each choice hands to a worker counts in the next one. */
function choose(waiting: readonly Waiting[], workers: LiveWorker[]): Dispatch[] {
  return waiting.flatMap(({ id, attempt, dispatchedTo, ...row }) => {
    const choice = chooseWorker(requirementsOf(row), workers, dispatchedTo);
    if ('reason' in choice) return [];
    const worker = workers.find((each) => each.id === choice.workerId);
    if (worker) worker.busy += 1;
    return [{ id, attempt, workerId: choice.workerId }];
  });
}
