import type { LogLine, LogStream } from '@pierhead/model';
import { and, asc, desc, eq, gt, gte, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { readLines } from './read-lines.js';
import type { Lease } from './runs.js';
import { steadily } from './steadily.js';
import { logChunks, type PackedLine } from './tables.js';

export function logRepository({ orm, sql: raw }: Database) {
  return {
    /** Stores lines `firstSeq…` in one row; false when the lease is lost. The same lines twice are stored once. */
    append: ({ deploymentId, owner, epoch }: Lease, firstSeq: number, lines: PackedLine[]): Promise<boolean> =>
      steadily(async () => {
        const rows = await raw`
          with mine as (select id from deployments where id = ${deploymentId} and lease_owner = ${owner} and lease_epoch = ${epoch}),
          stored as (
            insert into log_chunks (deployment_id, first_seq, last_seq, lines)
            select id, ${firstSeq}, ${firstSeq + lines.length - 1}, ${JSON.stringify(lines)} from mine
            on conflict (deployment_id, first_seq) do nothing)
          select id from mine`;
        return rows.length === 1;
      }),

    /** The sequence number of the last stored line; 0 when there is none. */
    async lastSeq(deploymentId: string): Promise<number> {
      const [row] = await orm
        .select({ lastSeq: logChunks.lastSeq })
        .from(logChunks)
        .where(eq(logChunks.deploymentId, deploymentId))
        .orderBy(desc(logChunks.firstSeq))
        .limit(1);
      return row?.lastSeq ?? 0;
    },

    /** At most `limit` lines that come after line `after`, in order. */
    read: (deploymentId: string, after: number, limit: number): Promise<LogLine[]> =>
      readLines(after, limit, unpack, (next, atMost) =>
        orm
          .select()
          .from(logChunks)
          .where(
            and(
              eq(logChunks.deploymentId, deploymentId),
              gt(logChunks.lastSeq, next),
              gte(logChunks.firstSeq, chunkOf(deploymentId, next)),
            ),
          )
          .orderBy(asc(logChunks.firstSeq))
          .limit(atMost),
      ),
  };
}

/** Where the chunk begins that holds line `after`: whatever comes before it is not read. */
const chunkOf = (deploymentId: string, after: number) => sql<number>`coalesce((select max(first_seq) from log_chunks
  where deployment_id = ${deploymentId} and first_seq <= ${after}), 0)`;

const unpack = ([atMs, stage, stream, text]: PackedLine, seq: number): LogLine => ({
  seq,
  at: new Date(atMs).toISOString(),
  stage,
  stream: stream as LogStream,
  text,
});
