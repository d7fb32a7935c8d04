import type { AppLogLine, LogStream } from '@pierhead/model';
import { and, asc, eq, gt, gte, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { isId } from './ids.js';
import { readLines } from './read-lines.js';
import type { Snapshot } from './snapshot.js';
import { outputChunks, outputHeads, type PackedOutputLine } from './tables.js';

/** A deployment whose output a worker keeps from now on. */
export interface Kept {
  deploymentId: string;
  serviceId: string;
  /** The time of the last line that is stored; null before the first. */
  position: string | null;
  snapshot: Snapshot;
}

/** Of each service and environment. */
export interface OutputBounds {
  lines: number;
  bytes: number;
}

/** The output of what runs: workers keep it, readers follow it. */
export function outputRepository({ orm, sql: raw }: Database) {
  return {
    /** The runtimes of what runs and nobody keeps the output of. */
    async untended(): Promise<string[]> {
      const rows = await raw<{ id: string }[]>`
        select distinct d.snapshot->>'runtimeId' as id from deployments d where d.instance is not null
          and not exists (select 1 from output_keepers k where k.deployment_id = d.id and k.kept_until >= now())`;
      return rows.map((row) => row.id);
    },

    /** Those of the deployments whose output nobody keeps, or a worker that is gone: this one does from now on. */
    async take(deploymentIds: readonly string[], keeper: string, seconds: number): Promise<Kept[]> {
      const ids = deploymentIds.filter(isId);
      if (ids.length === 0) return [];
      return raw<Kept[]>`
        with taken as (
          insert into output_keepers (deployment_id, keeper, kept_until)
          select d.id, ${keeper}, now() + make_interval(secs => ${seconds}) from deployments d
          where d.id = any(${raw.array(ids)}::uuid[]) and d.instance is not null
          on conflict (deployment_id) do update set keeper = excluded.keeper, kept_until = excluded.kept_until
            where output_keepers.kept_until < now()
          returning deployment_id, position)
        select d.id as "deploymentId", d.service_id as "serviceId", taken.position, d.snapshot
        from taken join deployments d on d.id = taken.deployment_id`;
    },

    /** Stays the keeper of those that it keeps. */
    async renew(deploymentIds: readonly string[], keeper: string, seconds: number): Promise<void> {
      if (deploymentIds.length === 0) return;
      await raw`update output_keepers set kept_until = now() + make_interval(secs => ${seconds})
        where keeper = ${keeper} and deployment_id = any(${raw.array([...deploymentIds])}::uuid[])`;
    },

    /** Leaves a deployment to whoever takes it next. */
    async leave(deploymentId: string, keeper: string): Promise<void> {
      await raw`update output_keepers set kept_until = '-infinity', keeper = ''
        where keeper = ${keeper} and deployment_id = ${deploymentId}`;
    },

    /** Stores lines, and how far the keeper has got; false once another one keeps them. */
    async append(deploymentId: string, keeper: string, lines: PackedOutputLine[], position: string): Promise<boolean> {
      const stored = JSON.stringify(lines);
      const rows = await raw`
        with mine as (
          update output_keepers k set position = ${position} from deployments d
          where k.deployment_id = ${deploymentId} and k.keeper = ${keeper} and d.id = k.deployment_id
          returning d.id, d.service_id, d.environment),
        head as (
          insert into output_heads (service_id, environment, last_seq) select service_id, environment, ${lines.length} from mine
          on conflict (service_id, environment) do update set last_seq = output_heads.last_seq + excluded.last_seq
          returning last_seq)
        insert into output_chunks (service_id, environment, first_seq, last_seq, deployment_id, bytes, lines)
        select mine.service_id, mine.environment, head.last_seq - ${lines.length - 1}, head.last_seq, mine.id,
          ${Buffer.byteLength(stored)}, ${stored} from mine, head
        returning first_seq`;
      return rows.length === 1;
    },

    /** Removes the oldest lines of a deployment's service and environment, those beyond the bounds; the newest chunk stays. */
    async trim(deploymentId: string, { lines, bytes }: OutputBounds): Promise<void> {
      await raw`
        delete from output_chunks where (service_id, environment, first_seq) in (
          select service_id, environment, first_seq from (
            select c.service_id, c.environment, c.first_seq, max(c.last_seq) over () - c.last_seq as newer,
              sum(c.bytes) over (order by c.first_seq desc) as total
            from output_chunks c join deployments d on d.service_id = c.service_id and d.environment = c.environment
            where d.id = ${deploymentId}) kept
          where newer >= ${lines} or (newer > 0 and total > ${bytes}))`;
    },

    /** At most `limit` lines that come after line `after`, in order. */
    read: (serviceId: string, environment: string, after: number, limit: number): Promise<AppLogLine[]> =>
      readLines(after, limit, unpack, (next: number, atMost: number) =>
        orm
          .select()
          .from(outputChunks)
          .where(
            and(
              eq(outputChunks.serviceId, serviceId),
              eq(outputChunks.environment, environment),
              gt(outputChunks.lastSeq, next),
              gte(outputChunks.firstSeq, chunkOf(serviceId, environment, next)),
            ),
          )
          .orderBy(asc(outputChunks.firstSeq))
          .limit(atMost),
      ),

    /** The number of the last line; 0 before the first. */
    async lastSeq(serviceId: string, environment: string): Promise<number> {
      const [row] = await orm
        .select({ lastSeq: outputHeads.lastSeq })
        .from(outputHeads)
        .where(and(eq(outputHeads.serviceId, serviceId), eq(outputHeads.environment, environment)));
      return row?.lastSeq ?? 0;
    },
  };
}

/** Where the chunk begins that holds line `after`: whatever comes before it is not read. */
const chunkOf = (serviceId: string, environment: string, after: number) =>
  sql<number>`coalesce((select max(first_seq) from output_chunks where service_id = ${serviceId}
    and environment = ${environment} and first_seq <= ${after}), 0)`;

const unpack = (
  [atMs, stream, text]: PackedOutputLine,
  seq: number,
  { deploymentId }: { deploymentId: string },
): AppLogLine => ({
  seq,
  at: new Date(atMs).toISOString(),
  deploymentId,
  stream: stream as LogStream,
  text,
});
